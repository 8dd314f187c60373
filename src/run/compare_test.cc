// The comparison of --expect. The rule is torch.testing.assert_close's.
#include "compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "literal.h"

namespace etc::run {
namespace {

host::Array array(const std::string& values, DType dtype, std::vector<int64_t> sizes) { return make_array(values, dtype, sizes, "x"); }

Comparison of(DType dtype, const std::string& actual, const std::string& expected, std::optional<double> rtol = {},
              std::optional<double> atol = {}) {
  const auto n = static_cast<int64_t>(std::count(actual.begin(), actual.end(), ',')) + 1;
  return compare(array(actual, dtype, {n}), array(expected, dtype, {n}), rtol, atol);
}

TEST(Compare, DefaultTolerancesAreThoseOfTheDtype) {
  EXPECT_TRUE(of(DType::F32, "1.000001", "1").equal);
  EXPECT_FALSE(of(DType::F32, "1.0001", "1").equal);
  EXPECT_FALSE(of(DType::F64, "1.000001", "1").equal);
  EXPECT_TRUE(of(DType::F16, "1.001", "1").equal);
  EXPECT_TRUE(of(DType::BF16, "1.01", "1").equal);
  EXPECT_FALSE(of(DType::I32, "1000001", "1000000").equal);
  EXPECT_FALSE(of(DType::F8E5M2, "1.25", "1").equal);
}

TEST(Compare, ToleranceIsRelativeToTheExpected) {
  EXPECT_TRUE(of(DType::F64, "0", "10", 1.0, 0.0).equal);
  EXPECT_FALSE(of(DType::F64, "10", "0", 1.0, 0.0).equal);
  EXPECT_TRUE(of(DType::F64, "0.5", "0", 0.0, 0.5).equal);
  EXPECT_TRUE(of(DType::I64, "12", "10", 0.0, 2.0).equal);
}

TEST(Compare, NanEqualsNanAndInfinitiesThemselves) {
  EXPECT_TRUE(of(DType::F32, "nan,inf,-inf", "nan,inf,-inf").equal);
  EXPECT_FALSE(of(DType::F32, "nan", "1").equal);
  EXPECT_FALSE(of(DType::F32, "1", "nan").equal);
  EXPECT_FALSE(of(DType::F32, "inf", "-inf").equal);
  EXPECT_FALSE(of(DType::F32, "inf", "1", 1e9, 1e9).equal);
  EXPECT_FALSE(of(DType::F32, "1", "inf", 1e9, 1e9).equal);
}

TEST(Compare, ReportsTheWorstElement) {
  const Comparison c = compare(array("1,2,3,4,5,6", DType::F32, {2, 3}), array("1,2.5,3,4,9,6", DType::F32, {2, 3}), {}, {});
  EXPECT_EQ(c.differing, 2);
  EXPECT_EQ(c.elements, 6);
  EXPECT_EQ(c.worst, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(c.actual, "5");
  EXPECT_EQ(c.expected, "9");
  EXPECT_EQ(c.max_difference, 4);
}

TEST(Compare, TellsTheRelativeError) {
  const Comparison c = of(DType::F32, "3,4,0.5,inf,nan", "3,4.5,1,inf,nan");
  EXPECT_DOUBLE_EQ(c.max_relative, 0.5);
  EXPECT_DOUBLE_EQ(c.relative_error, std::sqrt((0.25 + 0.25) / (9 + 20.25 + 1)));
  EXPECT_EQ(of(DType::F32, "0,1", "0,1").relative_error, 0);
  EXPECT_EQ(of(DType::F32, "0,0", "0,0").relative_error, 0);
  EXPECT_EQ(of(DType::F32, "1", "0").max_relative, INFINITY);
  EXPECT_EQ(of(DType::F32, "1", "0").relative_error, INFINITY);
  EXPECT_EQ(of(DType::F32, "nan,1", "1,1").relative_error, INFINITY);
}

TEST(Compare, FindsTheElementThatShouldBeInfinite) {
  const Comparison c = of(DType::F32, "nan,1,2,1", "nan,1,2,inf");
  EXPECT_EQ(c.differing, 1);
  EXPECT_EQ(c.worst, std::vector<int64_t>{3});
  EXPECT_EQ(c.expected, "inf");
}

TEST(Compare, LargeIntegersAreExact) {
  EXPECT_FALSE(of(DType::I64, "9223372036854775807", "9223372036854775806").equal);
  EXPECT_FALSE(of(DType::U64, "18446744073709551615", "18446744073709551614").equal);
  EXPECT_TRUE(of(DType::U64, "18446744073709551615", "18446744073709551615").equal);
}

TEST(Compare, NamesTypesAndShapesThatDiffer) {
  EXPECT_EQ(compare(array("1", DType::F32, {1}), array("1", DType::F64, {1}), {}, {}).mismatch, "is f32, expected f64");
  EXPECT_EQ(compare(array("1", DType::F32, {1}), array("1", DType::F32, {}), {}, {}).mismatch, "has shape [1], expected []");
}

TEST(Compare, TakesBitsForBfloat16AndFloat8) {
  EXPECT_TRUE(compare(array("1.5", DType::BF16, {}), array("16320", DType::U16, {}), {}, {}).equal);
  EXPECT_TRUE(compare(array("1.5", DType::F8E4M3FN, {}), array("60", DType::U8, {}), {}, {}).equal);
}

TEST(Compare, EmptyTensorsAreEqual) { EXPECT_TRUE(compare(array("", DType::F32, {0, 3}), array("", DType::F32, {0, 3}), {}, {}).equal); }

}  // namespace
}  // namespace etc::run
