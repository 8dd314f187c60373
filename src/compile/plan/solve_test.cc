// Packing against brute force, against problems whose optimum is known, and on the published hard instances.
#include "plan/solve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>

#include "plan/greedy.h"
#include "plan/search.h"

namespace etc::compile {
namespace {

bool overlap_in_time(const Interval& a, const Interval& b) { return a.lower < b.upper && b.lower < a.upper; }

void expect_valid(const std::vector<Interval>& intervals, uint64_t bytes) {
  for (size_t i = 0; i < intervals.size(); ++i) {
    const Interval& a = intervals[i];
    ASSERT_LE(a.offset + a.size, bytes);
    for (size_t j = 0; j < i; ++j) {
      const Interval& b = intervals[j];
      if (overlap_in_time(a, b) && a.size && b.size) {
        ASSERT_TRUE(a.offset + a.size <= b.offset || b.offset + b.size <= a.offset) << i << " and " << j;
      }
    }
  }
}

// The optimum is reached by some order in which each interval goes to the lowest place that is free above those before it.
uint64_t brute_force(const std::vector<Interval>& intervals) {
  std::vector<size_t> order(intervals.size());
  std::iota(order.begin(), order.end(), 0u);
  uint64_t best = UINT64_MAX;
  do {
    std::vector<uint64_t> tops(intervals.size());
    uint64_t bytes = 0;
    for (size_t k = 0; k < order.size(); ++k) {
      uint64_t offset = 0;
      for (size_t l = 0; l < k; ++l)
        if (overlap_in_time(intervals[order[k]], intervals[order[l]])) offset = std::max(offset, tops[order[l]]);
      tops[order[k]] = offset + intervals[order[k]].size;
      bytes = std::max(bytes, tops[order[k]]);
    }
    best = std::min(best, bytes);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

std::vector<Interval> random_intervals(std::mt19937& random, size_t count, int64_t times, uint64_t sizes) {
  std::vector<Interval> intervals;
  for (size_t i = 0; i < count; ++i) {
    const int64_t a = static_cast<int64_t>(random() % static_cast<uint32_t>(times));
    const int64_t b = a + 1 + static_cast<int64_t>(random() % static_cast<uint32_t>(times - a));
    intervals.push_back({a, b, 1 + random() % static_cast<uint32_t>(sizes)});
  }
  return intervals;
}

// Cuts a rectangle of `times` by `bytes` into `count` pieces: they fit in `bytes` without any gap.
std::vector<Interval> cut_rectangle(std::mt19937& random, size_t count, int64_t times, uint64_t bytes) {
  std::vector<Interval> pieces{{0, times, bytes}};
  while (pieces.size() < count) {
    const size_t k = random() % pieces.size();
    Interval& piece = pieces[k];
    if (random() % 2 && piece.size > 1) {
      const uint64_t cut = 1 + random() % (piece.size - 1);
      pieces.push_back({piece.lower, piece.upper, piece.size - cut});
      pieces[k].size = cut;
    } else if (piece.upper - piece.lower > 1) {
      const int64_t cut = piece.lower + 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(piece.upper - piece.lower - 1));
      pieces.push_back({cut, piece.upper, piece.size});
      pieces[k].upper = cut;
    }
  }
  std::shuffle(pieces.begin(), pieces.end(), random);
  return pieces;
}

TEST(Solve, PacksNothingIntoNothing) {
  std::vector<Interval> none, empty{{0, 5, 0}, {3, 3, 8}};
  EXPECT_EQ(solve(none).bytes, 0u);
  EXPECT_EQ(solve(empty).bytes, 0u);
  EXPECT_TRUE(solve(empty).proven_optimal);
}

TEST(Solve, LowerBoundIsThePeakOfLiveBytes) {
  EXPECT_EQ(lower_bound({{0, 2, 5}, {2, 4, 6}, {1, 3, 1}}), 7u);  // [0, 2) and [2, 4) do not meet
}

TEST(Solve, IsOptimalOnTinyProblems) {
  std::mt19937 random(1);
  for (int round = 0; round < 400; ++round) {
    std::vector<Interval> intervals = random_intervals(random, 2 + random() % 6, 6, 5);
    const uint64_t optimum = brute_force(intervals);
    const Packing packing = solve(intervals);
    expect_valid(intervals, packing.bytes);
    ASSERT_EQ(packing.bytes, optimum) << "round " << round;
    ASSERT_TRUE(packing.proven_optimal);
  }
}

// The search by itself, without the heuristics that solve most tiny problems before it.
TEST(Search, SaysExactlyWhetherTinyProblemsFit) {
  std::mt19937 random(2);
  for (int round = 0; round < 1500; ++round) {
    std::vector<Interval> intervals = random_intervals(random, 3 + random() % 5, 7, 4);
    const uint64_t optimum = brute_force(intervals);
    uint64_t steps = UINT64_MAX;
    ASSERT_EQ(search_packing(intervals, optimum - 1, &steps), SearchResult::Impossible) << "round " << round;
    ASSERT_EQ(search_packing(intervals, optimum, &steps), SearchResult::Found) << "round " << round;
    expect_valid(intervals, optimum);
  }
}

TEST(Search, GivesUpWhenItsStepsAreSpent) {
  std::mt19937 random(3);
  std::vector<Interval> intervals = cut_rectangle(random, 100, 200, 1000);
  uint64_t steps = 50;
  EXPECT_EQ(search_packing(intervals, 1000, &steps), SearchResult::GaveUp);
  EXPECT_EQ(steps, 0u);
}

TEST(Solve, ReachesTheBoundWhereARectangleWasCut) {
  std::mt19937 random(4);
  for (size_t count : {10, 20, 40, 80, 160}) {
    for (int round = 0; round < 4; ++round) {
      std::vector<Interval> pieces = cut_rectangle(random, count, 300, 4096);
      const Packing packing = solve(pieces, 4096);
      expect_valid(pieces, packing.bytes);
      EXPECT_TRUE(packing.fits) << count << " pieces, round " << round << ": " << packing.bytes;
    }
  }
}

TEST(Solve, SaysWhenItDoesNotFit) {
  std::vector<Interval> intervals{{0, 2, 5}, {1, 3, 6}};
  EXPECT_FALSE(solve(intervals, 10).fits);
  EXPECT_TRUE(solve(intervals, 10).proven_not_to_fit);
  EXPECT_TRUE(solve(intervals, 11).fits);
  EXPECT_FALSE(solve(intervals, 11).proven_not_to_fit);
}

// The bound is below what is possible: only the search can know.
TEST(Solve, ProvesThatItDoesNotFit) {
  std::vector<Interval> gap{{0, 4, 5}, {9, 10, 4}, {3, 8, 3}, {1, 5, 1}, {4, 8, 1}, {6, 7, 2}, {0, 1, 4}, {7, 10, 5}};
  ASSERT_EQ(lower_bound(gap), 9u);
  ASSERT_EQ(brute_force(gap), 10u);
  EXPECT_TRUE(solve(gap, 9).proven_not_to_fit);
  EXPECT_TRUE(solve(gap, 10).fits);
  EXPECT_TRUE(solve(gap).proven_optimal);
}

TEST(Solve, GivesTheSameAnswerEveryTime) {
  std::mt19937 random(5);
  std::vector<Interval> a = random_intervals(random, 200, 400, 1000), b = a;
  solve(a), solve(b);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].offset, b[i].offset);
}

TEST(Solve, SolvesTheHardInstancesOfMiniMalloc) {
  const char* shared = std::getenv("ETC_SHARED");
  const std::filesystem::path folder = std::filesystem::path(shared ? shared : "") / "plan_problems";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no " << folder;
  int solved = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".csv") continue;
    std::ifstream file(entry.path());
    std::string line;
    std::getline(file, line);
    std::vector<Interval> intervals;
    while (std::getline(file, line)) {
      long id, lower, upper;
      unsigned long size;
      ASSERT_EQ(std::sscanf(line.c_str(), "%ld,%ld,%ld,%lu", &id, &lower, &upper, &size), 4) << line;
      intervals.push_back({lower, upper, size});
    }
    const Packing packing = solve(intervals, 1048576);
    expect_valid(intervals, packing.bytes);
    EXPECT_TRUE(packing.fits) << entry.path();
    ++solved;
  }
  EXPECT_EQ(solved, 11);
}

}  // namespace
}  // namespace etc::compile
