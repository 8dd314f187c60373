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

class Placer {
 public:
  explicit Placer(const std::vector<Interval>& intervals) : intervals_(intervals), overlaps_(intervals.size()) {
    std::vector<uint32_t> by_start(intervals.size());
    std::iota(by_start.begin(), by_start.end(), 0u);
    std::stable_sort(by_start.begin(), by_start.end(), [&](uint32_t a, uint32_t b) { return intervals[a].lower < intervals[b].lower; });
    for (size_t i = 0; i < by_start.size(); ++i)
      for (size_t j = i + 1; j < by_start.size() && intervals[by_start[j]].lower < intervals[by_start[i]].upper; ++j) {
        overlaps_[by_start[i]].push_back(by_start[j]);
        overlaps_[by_start[j]].push_back(by_start[i]);
      }
  }

  // Places in the given order; `tightest` prefers the smallest gap that is large enough to the lowest one.
  uint64_t place(const std::vector<uint32_t>& order, bool tightest, std::vector<uint64_t>& offsets) {
    std::vector<bool> is_placed(intervals_.size());
    uint64_t top = 0;
    for (uint32_t i : order) {
      offsets[i] = find_gap(i, is_placed, tightest, offsets);
      is_placed[i] = true;
      top = std::max(top, offsets[i] + intervals_[i].size);
    }
    return top;
  }

 private:
  uint64_t find_gap(uint32_t i, const std::vector<bool>& is_placed, bool tightest, const std::vector<uint64_t>& offsets) {
    taken_.clear();
    for (uint32_t j : overlaps_[i])
      if (is_placed[j]) taken_.emplace_back(offsets[j], offsets[j] + intervals_[j].size);
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
  std::vector<std::vector<uint32_t>> overlaps_;
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
      if (best <= target) break;
    }
    if (best <= target) break;
  }
  for (size_t i = 0; i < intervals.size(); ++i) intervals[i].offset = best_offsets[i];
  return best;
}

}  // namespace etc::compile
