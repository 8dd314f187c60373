// Array files: what NumPy writes is read, what we write is what NumPy would, and damaged files are refused.
#include "host/npy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "host/error.h"
#include "host/output.h"

namespace etc::host {
namespace {

std::string npy(const std::string& dictionary, const std::string& elements, char major = 1) {
  const std::string header = dictionary + "\n";
  std::string file = "\x93NUMPY";
  file += {major, '\0', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  if (major > 1) file += std::string(2, '\0');
  return file + header + elements;
}

std::string header(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
}

Array parse(const std::string& file) { return parse_npy(reinterpret_cast<const std::byte*>(file.data()), file.size(), "x.npy"); }

std::string error_of(const std::string& file) {
  try {
    parse(file);
  } catch (const UserError& e) {
    EXPECT_EQ(e.code(), kBadInput);
    return e.what();
  }
  return "no error";
}

template <class T>
std::string elements(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(T)};
}

template <class T>
std::vector<T> values_of(const Array& a) {
  std::vector<T> values(a.bytes.size() / sizeof(T));
  std::memcpy(values.data(), a.bytes.data(), a.bytes.size());
  return values;
}

Array make(DType dtype, std::vector<int64_t> sizes) {
  Array a{dtype, std::move(sizes), {}};
  a.bytes.resize(static_cast<size_t>(a.numel()) * size_in_bytes(dtype));
  for (size_t i = 0; i < a.bytes.size(); ++i) a.bytes[i] = static_cast<std::byte>(i * 37);
  return a;
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(Npy, ReadsScalarsAndEmptyArrays) {
  EXPECT_EQ(values_of<float>(parse(npy(header("<f4", "()"), elements({1.5f})))), std::vector<float>{1.5f});
  const Array empty = parse(npy(header("<i8", "(0, 4611686018427387904, 9)"), ""));
  EXPECT_EQ(empty.numel(), 0);
  EXPECT_EQ(empty.sizes.size(), 3u);
}

TEST(Npy, ReadsFortranOrderAsRowMajor) {
  const Array a = parse(npy(header("<i4", "(2, 3)", true), elements({0, 3, 1, 4, 2, 5})));
  EXPECT_EQ(values_of<int32_t>(a), (std::vector<int32_t>{0, 1, 2, 3, 4, 5}));
}

TEST(Npy, ReadsBigEndianAndLaterVersions) {
  EXPECT_EQ(values_of<int16_t>(parse(npy(header(">i2", "(1,)"), std::string("\1\2", 2)))), std::vector<int16_t>{0x102});
  EXPECT_EQ(values_of<uint8_t>(parse(npy(header("|u1", "(1,)"), "\7", 2))), std::vector<uint8_t>{7});
}

TEST(Npy, BitsOfTypesThatNumPyLacks) {
  EXPECT_EQ(parse(npy(header("<V2", "(1,)"), "ab")).dtype, DType::BF16);
  EXPECT_EQ(parse(npy(header("|V1", "(1,)"), "a")).dtype, DType::U8);
  EXPECT_TRUE(is_bits_of(DType::U16, DType::BF16));
  EXPECT_TRUE(is_bits_of(DType::U8, DType::F8E5M2));
  EXPECT_FALSE(is_bits_of(DType::F16, DType::BF16));
  EXPECT_FALSE(is_bits_of(DType::U8, DType::I8));
}

TEST(Npy, WritesWhatItReads) {
  for (uint32_t t = 0; t < kDTypeCount; ++t) {
    for (const auto& sizes : {std::vector<int64_t>{}, {3}, {2, 0}, {2, 3, 4}}) {
      const Array a = make(static_cast<DType>(t), sizes);
      const std::string file = npy_bytes(a);
      EXPECT_EQ((file.size() - a.bytes.size()) % 64, 0u);
      const Array b = parse(file);
      EXPECT_TRUE(is_bits_of(b.dtype, a.dtype)) << name_of(a.dtype);
      EXPECT_EQ(a.sizes, b.sizes);
      EXPECT_EQ(a.bytes, b.bytes);
    }
  }
}

TEST(Npy, RefusesWhatIsNoArrayOfNumbers) {
  EXPECT_SAYS(error_of("hello, hello"), "no NumPy array file");
  EXPECT_SAYS(error_of(npy(header("|O", "(1,)"), "x")), "pickles are never read");
  EXPECT_SAYS(error_of(npy(header("<c8", "(1,)"), "x")), "complex");
  EXPECT_SAYS(error_of(npy(header("<U3", "(1,)"), "x")), "strings");
  EXPECT_SAYS(error_of(npy(header("<f16", "(1,)"), "x")), "'<f16'");
  EXPECT_SAYS(error_of(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "x")), "structured");
}

TEST(Npy, RefusesHostileHeaders) {
  EXPECT_SAYS(error_of(npy(header("<f4", "(2,)"), elements({1.0f}))), "holds 4 bytes");
  EXPECT_SAYS(error_of(npy(header("<f4", "(1,)"), elements({1.0f, 2.0f}))), "holds 8 bytes");
  EXPECT_SAYS(error_of(npy(header("<f4", "(4611686018427387904, 16)"), "")), "no memory can hold");
  EXPECT_SAYS(error_of(npy(header("<f4", "(-1,)"), "")), "damaged header");
  EXPECT_SAYS(error_of(npy(header("<f4", "(99999999999999999999,)"), "")), "damaged header");
  EXPECT_SAYS(error_of(npy(header("<f4", "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)"), elements({1.0f}))), "17 dimensions");
  EXPECT_SAYS(error_of(npy("{'descr': '<f4'}", "")), "damaged header");
  EXPECT_SAYS(error_of(npy("__import__('os')", "")), "damaged header");
}

TEST(Npy, SurvivesMutation) {
  const std::string whole = npy(header("<f4", "(2, 3)", true), elements({0.f, 3.f, 1.f, 4.f, 2.f, 5.f}));
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string file = whole;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips) file[random() % file.size()] = static_cast<char>(random());
    if (round % 4 == 0) file.resize(random() % file.size());
    error_of(file);
  }
}

class NpzTest : public testing::Test {
 protected:
  NpzTest() : path_(testing::TempDir() + "etc_npz_test." + std::to_string(getpid())) {}
  ~NpzTest() override { std::filesystem::remove(path_); }
  std::string path_;
};

TEST_F(NpzTest, KeepsNamesAndOrder) {
  const std::vector<NamedArray> arrays = {{"z", make(DType::F32, {2, 3})}, {"a.b", make(DType::BF16, {})}, {"m", make(DType::I64, {0})}};
  write_npz(path_, arrays);
  const auto read = read_arrays(path_);
  ASSERT_EQ(read.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read[i].first, arrays[i].first);
    EXPECT_EQ(read[i].second.bytes, arrays[i].second.bytes);
  }
}

TEST_F(NpzTest, WritesTheSameBytesForTheSameArrays) {
  const auto content = [&] {
    std::ifstream in(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  write_npz(path_, {{"a", make(DType::F32, {5})}});
  const std::string first = content();
  write_npz(path_, {{"a", make(DType::F32, {5})}});
  EXPECT_EQ(first, content());
}

TEST_F(NpzTest, MayBeEmpty) {
  write_npz(path_, {});
  EXPECT_TRUE(read_arrays(path_).empty());
}

TEST_F(NpzTest, ReadsASingleArray) {
  write_file(path_, npy_bytes(make(DType::F32, {2})));
  const auto read = read_arrays(path_);
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].first, "");
}

TEST_F(NpzTest, RefusesTwoArraysOfOneName) {
  EXPECT_THROW(write_npz(path_, {{"a", make(DType::F32, {2})}, {"a", make(DType::F32, {2})}}), UserError);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace etc::host
