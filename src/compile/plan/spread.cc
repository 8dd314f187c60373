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

// How often instructions run, for want of knowledge: each loop around one makes it eight times as often.
std::vector<double> runs_of(const MemoryPlan& method) {
  std::vector<double> runs(method.instructions.size(), 1);
  for (size_t b = 0; b < method.blocks.size(); ++b) {
    const PlannedBlock& block = method.blocks[b];
    if (block.end == PlannedBlock::End::Return || block.target > b) continue;
    for (uint32_t i = method.blocks[block.target].first; i < block.first + block.count; ++i) runs[i] *= 8;
  }
  return runs;
}

// Bytes that instructions move in each buffer. Buffer::traffic counts each instruction once.
std::vector<double> traffic_of(const MemoryPlan& method) {
  std::vector<double> traffic;
  for (const Buffer& b : method.buffers) traffic.push_back(static_cast<double>(b.traffic));
  const std::vector<double> runs = runs_of(method);
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i] == 1) continue;
    const auto again = [&](uint32_t value) {
      if (value == ValueId::kNone) return;
      const PlannedValue& v = method.values[value];
      if (v.location.kind == Location::Kind::Buffer) traffic[v.location.index] += (runs[i] - 1) * static_cast<double>(v.type.bytes());
    };
    const PlannedInstruction& instruction = method.instructions[i];
    for (const PlannedArgument& a : instruction.args) {
      if (auto* id = std::get_if<ValueId>(&a)) again(id->index);
      if (auto* list = std::get_if<std::vector<ValueId>>(&a))
        for (ValueId id : *list) again(id.index);
    }
    for (uint32_t r : instruction.results) again(r);
    again(instruction.scratch);
  }
  return traffic;
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
  const std::vector<double> traffic = traffic_of(method);
  std::stable_sort(buffers.begin(), buffers.end(), [&](uint32_t a, uint32_t b) {
    return traffic[a] * static_cast<double>(method.buffers[b].bytes) > traffic[b] * static_cast<double>(method.buffers[a].bytes);
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
