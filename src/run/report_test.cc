// Pairing results with expectations, and times.
#include "report.h"

#include <gtest/gtest.h>

#include "literal.h"

namespace etc::run {
namespace {

host::Array number(const std::string& value) { return make_array(value, DType::F32, {}, ""); }

Report compared(const std::vector<host::NamedArray>& expected) {
  Report report;
  report.results = {{"a", number("1")}, {"b", number("2")}, {"changed", number("3")}};
  compare_results(expected, 2, {}, {}, &report);
  return report;
}

TEST(Report, PairsByNameWhenAllNamesMatch) {
  EXPECT_TRUE(compared({{"b", number("2")}, {"a", number("1")}}).equal());
  EXPECT_TRUE(compared({{"changed", number("3")}}).equal());
  EXPECT_FALSE(compared({{"b", number("1")}, {"a", number("2")}}).equal());
}

TEST(Report, PairsInOrderOtherwise) {
  EXPECT_TRUE(compared({{"0", number("1")}, {"1", number("2")}}).equal());
  EXPECT_TRUE(compared({{"0", number("1")}, {"1", number("2")}, {"2", number("3")}}).equal());
  EXPECT_FALSE(compared({{"0", number("2")}, {"1", number("1")}}).equal());
}

TEST(Report, AWrongNumberOfArraysIsADifference) {
  const Report report = compared({{"0", number("1")}});
  EXPECT_FALSE(report.equal());
  EXPECT_EQ(report.pairing, "expected 1 arrays, but there are 2 outputs and 1 changed inputs");
}

TEST(Report, PercentilesAreNearestRank) {
  std::vector<int64_t> runs;
  for (int64_t i = 100; i > 0; --i) runs.push_back(i);
  EXPECT_EQ(percentile(runs, 0), 1);
  EXPECT_EQ(percentile(runs, 50), 50);
  EXPECT_EQ(percentile(runs, 90), 90);
  EXPECT_EQ(percentile(runs, 99), 99);
  EXPECT_EQ(percentile({7}, 99), 7);
}

}  // namespace
}  // namespace etc::run
