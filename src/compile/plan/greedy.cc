// Greedy packing; see greedy.h.
#include "plan/greedy.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace etc::compile {
namespace {

using Order = std::function<bool(const Interval&, const Interval&)>;

uint64_t length_of(const Interval& i) { return static_cast<uint64_t>(i.upper - i.lower); }
// Only for comparing: the product of large sizes and lifetimes need not fit 64 bits.
double area_of(const Interval& i) { return static_cast<double>(i.size) * static_cast<double>(length_of(i)); }

const Order kOrders[] = {
    [](const Interval& a, const Interval& b) { return a.size > b.size; },
    [](const Interval& a, const Interval& b) { return area_of(a) > area_of(b); },
    [](const Interval& a, const Interval& b) { return length_of(a) != length_of(b) ? length_of(a) > length_of(b) : a.size > b.size; },
    [](const Interval& a, const Interval& b) { return a.lower != b.lower ? a.lower < b.lower : a.size > b.size; },
    [](const Interval& a, const Interval& b) { return a.upper != b.upper ? a.upper > b.upper : a.size > b.size; },
};

// Problems with more pairs of intervals that meet than this get no list of them, and not every order is tried.
constexpr uint64_t kMostPairs = 8'000'000;

class Placer {
 public:
  explicit Placer(const std::vector<Interval>& intervals) : intervals_(intervals), is_dense_(count_pairs(intervals) > kMostPairs) {
    if (is_dense_) return;
    overlaps_.resize(intervals.size());
    std::vector<uint32_t> by_start(intervals.size());
    std::iota(by_start.begin(), by_start.end(), 0u);
    std::stable_sort(by_start.begin(), by_start.end(), [&](uint32_t a, uint32_t b) { return intervals[a].lower < intervals[b].lower; });
    for (size_t i = 0; i < by_start.size(); ++i)
      for (size_t j = i + 1; j < by_start.size() && intervals[by_start[j]].lower < intervals[by_start[i]].upper; ++j) {
        overlaps_[by_start[i]].push_back(by_start[j]);
        overlaps_[by_start[j]].push_back(by_start[i]);
      }
  }

  bool is_dense() const { return is_dense_; }

  // Places in the given order; `tightest` prefers the smallest gap that is large enough to the lowest one.
  uint64_t place(const std::vector<uint32_t>& order, bool tightest, std::vector<uint64_t>& offsets) {
    std::vector<bool> is_placed(intervals_.size());
    uint64_t top = 0;
    for (size_t k = 0; k < order.size(); ++k) {
      const uint32_t i = order[k];
      taken_.clear();
      if (is_dense_) {
        for (size_t j = 0; j < k; ++j)
          if (meet(intervals_[order[j]], intervals_[i])) take(order[j], offsets);
      } else {
        for (uint32_t j : overlaps_[i])
          if (is_placed[j]) take(j, offsets);
      }
      offsets[i] = find_gap(i, tightest);
      is_placed[i] = true;
      top = std::max(top, offsets[i] + intervals_[i].size);
    }
    return top;
  }

 private:
  static bool meet(const Interval& a, const Interval& b) { return a.lower < b.upper && b.lower < a.upper; }

  // Whoever starts before another ends and is no earlier than it: by sorted starts and ends.
  static uint64_t count_pairs(const std::vector<Interval>& intervals) {
    std::vector<int64_t> starts, ends;
    for (const Interval& i : intervals) starts.push_back(i.lower), ends.push_back(i.upper);
    std::sort(starts.begin(), starts.end());
    std::sort(ends.begin(), ends.end());
    uint64_t pairs = 0, ended = 0;
    for (size_t k = 0; k < starts.size(); ++k) {
      while (ends[ended] <= starts[k]) ++ended;
      pairs += k - ended;
    }
    return pairs;
  }

  void take(uint32_t j, const std::vector<uint64_t>& offsets) { taken_.emplace_back(offsets[j], offsets[j] + intervals_[j].size); }

  // The lowest, or the tightest, between what is taken.
  uint64_t find_gap(uint32_t i, bool tightest) {
    std::sort(taken_.begin(), taken_.end());
    uint64_t end = 0, best = UINT64_MAX, best_gap = UINT64_MAX;
    for (auto [from, to] : taken_) {
      if (from >= end && from - end >= intervals_[i].size && from - end < best_gap) {
        best = end;
        best_gap = from - end;
        if (!tightest) break;
      }
      end = std::max(end, to);
    }
    return best != UINT64_MAX ? best : end;
  }

  const std::vector<Interval>& intervals_;
  const bool is_dense_;
  std::vector<std::vector<uint32_t>> overlaps_;  // empty when dense
  std::vector<std::pair<uint64_t, uint64_t>> taken_;
};

}  // namespace

uint64_t pack_greedily(std::vector<Interval>& intervals, uint64_t target) {
  Placer placer(intervals);
  std::vector<uint64_t> offsets(intervals.size()), best_offsets;
  uint64_t best = UINT64_MAX;
  for (const Order& before : kOrders) {
    std::vector<uint32_t> order(intervals.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return before(intervals[a], intervals[b]); });
    for (bool tightest : {false, true}) {
      const uint64_t bytes = placer.place(order, tightest, offsets);
      if (bytes < best) best = bytes, best_offsets = offsets;
      if (best <= target || placer.is_dense()) break;
    }
    if (best <= target || placer.is_dense()) break;
  }
  for (size_t i = 0; i < intervals.size(); ++i) intervals[i].offset = best_offsets[i];
  return best;
}

}  // namespace etc::compile
