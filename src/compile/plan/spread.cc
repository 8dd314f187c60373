// The choice of pools; see spread.h. Buffers are admitted greedily by the bytes that live at each time, which is nearly always enough:
// the packing then fits as well. Where it does not, the last ones leave; in the end each goes into the lowest gap or to the next pool.
#include "plan/spread.h"

#include <algorithm>

namespace etc::compile {
namespace {

constexpr uint64_t kStepsOfOneTry = 20'000'000;  // a tenth of a second
constexpr int kTries = 8;

// Without the order of time: how full each moment is.
class Fullness {
 public:
  Fullness(const std::vector<Interval>& intervals, uint64_t capacity) : capacity_(capacity) {
    int64_t end = 0;
    for (const Interval& i : intervals) end = std::max(end, i.upper);
    live_.resize(static_cast<size_t>(end));
  }
  bool admit(const Interval& i) {
    const auto begin = live_.begin() + i.lower, end = live_.begin() + i.upper;
    if (i.size > capacity_ || *std::max_element(begin, end) > capacity_ - i.size) return false;
    for (auto it = begin; it != end; ++it) *it += i.size;
    return true;
  }

 private:
  uint64_t capacity_;
  std::vector<uint64_t> live_;
};

// Each into the lowest gap below `capacity`; those without one are left out.
Share first_fit(const std::vector<uint32_t>& buffers, std::vector<Interval> intervals, uint64_t capacity) {
  Share share;
  std::vector<std::pair<uint64_t, uint64_t>> taken;
  for (size_t k = 0; k < buffers.size(); ++k) {
    Interval& i = intervals[k];
    taken.clear();
    for (const Interval& other : share.intervals)
      if (other.lower < i.upper && i.lower < other.upper) taken.emplace_back(other.offset, other.offset + other.size);
    std::sort(taken.begin(), taken.end());
    i.offset = 0;
    for (const auto& [from, to] : taken) {
      if (from >= i.offset && from - i.offset >= i.size) break;
      i.offset = std::max(i.offset, to);
    }
    if (i.size > capacity || i.offset > capacity - i.size) continue;
    share.buffers.push_back(buffers[k]);
    share.intervals.push_back(i);
  }
  return share;
}

}  // namespace

std::vector<Interval> intervals_of(const MemoryPlan& method, const std::vector<uint32_t>& buffers, bool reuse) {
  const auto end = static_cast<int64_t>(method.instructions.size());
  std::vector<Interval> intervals;
  for (uint32_t b : buffers) {
    const Buffer& buffer = method.buffers[b];
    intervals.push_back({reuse ? buffer.first + 1 : 0, (reuse ? buffer.last : end) + 2, buffer.bytes});
  }
  return intervals;
}

void sort_by_benefit(const MemoryPlan& method, std::vector<uint32_t>& buffers) {
  std::stable_sort(buffers.begin(), buffers.end(), [&](uint32_t a, uint32_t b) {
    const Buffer &x = method.buffers[a], &y = method.buffers[b];
    return static_cast<double>(x.traffic) * static_cast<double>(y.bytes) > static_cast<double>(y.traffic) * static_cast<double>(x.bytes);
  });
}

Share take_share(const MemoryPlan& method, const std::vector<uint32_t>& buffers, uint64_t capacity, bool reuse) {
  std::vector<Interval> intervals = intervals_of(method, buffers, reuse);
  if (capacity == UINT64_MAX) return {buffers, std::move(intervals)};
  Share share;
  Fullness fullness(intervals, capacity);
  for (size_t k = 0; k < buffers.size(); ++k) {
    if (!fullness.admit(intervals[k])) continue;
    share.buffers.push_back(buffers[k]);
    share.intervals.push_back(intervals[k]);
  }
  for (int tries = 0; tries < kTries && !share.buffers.empty(); ++tries) {
    if (solve(share.intervals, capacity, kStepsOfOneTry).fits) return share;
    share.buffers.pop_back();
    share.intervals.pop_back();
  }
  return first_fit(buffers, std::move(intervals), capacity);
}

}  // namespace etc::compile
