// Inputs written on the command line.
#include "literal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "host/error.h"

namespace etc::run {
namespace {

template <class T>
std::vector<T> values(const std::string& text, DType dtype, std::vector<int64_t> sizes) {
  const host::Array a = make_array(text, dtype, sizes, "x");
  std::vector<T> v(a.bytes.size() / sizeof(T));
  if (!v.empty()) std::memcpy(v.data(), a.bytes.data(), a.bytes.size());
  return v;
}

std::string error_of(const std::string& text, DType dtype, std::vector<int64_t> sizes) {
  try {
    make_array(text, dtype, sizes, "x");
  } catch (const host::UserError& e) {
    EXPECT_EQ(e.code(), host::kUsage);
    return e.what();
  }
  return "no error";
}

TEST(Literal, BeginsWithShapeAndDtype) {
  const auto l = parse_literal("2x3xf32=1,2,3,4,5,6");
  ASSERT_TRUE(l);
  EXPECT_EQ(l->dtype, DType::F32);
  EXPECT_EQ(l->sizes, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(l->values, "1,2,3,4,5,6");
  EXPECT_EQ(parse_literal("f32=1.5")->sizes.size(), 0u);
  EXPECT_EQ(parse_literal("0x4xbf16=")->sizes, (std::vector<int64_t>{0, 4}));
  EXPECT_FALSE(parse_literal("=zeros")->dtype);
  EXPECT_EQ(parse_literal("=random:7")->values, "random:7");
}

TEST(Literal, OtherWordsAreFilesOrNames) {
  for (const char* word : {"a.npy", "./f32", "x=f32=1", "2x3xf32.npy", "f32x2=1", "x2xf32=1", "2x=1", ""})
    EXPECT_FALSE(parse_literal(word)) << word;
}

TEST(Literal, NeedsValues) {
  EXPECT_THROW(parse_literal("2xf32"), host::UserError);
  EXPECT_THROW(parse_literal("=1,2"), host::UserError);
  EXPECT_THROW(parse_literal("99999999999999999999xf32=1"), host::UserError);
}

TEST(Literal, ReadsValuesOfEachKind) {
  EXPECT_EQ(values<float>("1,-2.5e3,inf", DType::F32, {3}), (std::vector<float>{1, -2500, INFINITY}));
  EXPECT_TRUE(std::isnan(values<double>("nan", DType::F64, {})[0]));
  EXPECT_EQ(values<int64_t>("-9223372036854775808,+7", DType::I64, {2}), (std::vector<int64_t>{INT64_MIN, 7}));
  EXPECT_EQ(values<uint64_t>("18446744073709551615", DType::U64, {1}), std::vector<uint64_t>{UINT64_MAX});
  EXPECT_EQ(values<uint8_t>("true,0,1,False", DType::Bool, {4}), (std::vector<uint8_t>{1, 0, 1, 0}));
  EXPECT_EQ(values<uint16_t>("1.5", DType::BF16, {}), std::vector<uint16_t>{0x3fc0});
  EXPECT_EQ(values<uint16_t>("1.5", DType::F16, {}), std::vector<uint16_t>{0x3e00});
  EXPECT_EQ(values<float>("", DType::F32, {0}).size(), 0u);
}

TEST(Literal, SaysWhatIsWrongWithAValue) {
  EXPECT_EQ(error_of("1,x", DType::F32, {2}), "x: 'x' is no value of f32");
  EXPECT_EQ(error_of("256", DType::U8, {}), "x: '256' is no value of u8");
  EXPECT_EQ(error_of("1.5", DType::I32, {}), "x: '1.5' is no value of i32");
  EXPECT_EQ(error_of("2", DType::Bool, {}), "x: '2' is no value of bool");
  EXPECT_EQ(error_of("1,2,3", DType::F32, {2}), "x: 3 values for shape [2], which takes 2");
  EXPECT_EQ(error_of("1,,2", DType::F32, {3}), "x: '' is no value of f32");
}

TEST(Literal, RandomRepeatsForOneSeed) {
  const auto a = values<float>("random:7", DType::F32, {100});
  EXPECT_EQ(a, values<float>("random:7", DType::F32, {100}));
  EXPECT_NE(a, values<float>("random:8", DType::F32, {100}));
  for (float v : a) EXPECT_TRUE(v >= -1 && v < 1);
  for (int64_t v : values<int64_t>("random", DType::I64, {100})) EXPECT_TRUE(v >= 0 && v < 10);
}

}  // namespace
}  // namespace etc::run
