// Pools and offsets; see assign.h.
#include "plan/assign.h"

#include <algorithm>
#include <numeric>

#include "ir/error.h"
#include "plan/solve.h"

namespace etc::compile {
namespace {

std::vector<Interval> intervals_of(const MemoryPlan& method, const std::vector<uint32_t>& buffers, bool reuse) {
  const auto end = static_cast<int64_t>(method.instructions.size());
  std::vector<Interval> intervals;
  for (uint32_t b : buffers) {
    const Buffer& buffer = method.buffers[b];
    intervals.push_back({reuse ? buffer.first : -1, (reuse ? buffer.last : end) + 1, buffer.bytes});
  }
  return intervals;
}

// Buffers whose bytes are used most go first; a buffer that does not fit with those before it is left for the next pool. The bound
// decides who is admitted, the packing whether it was right: the last admitted ones leave until it fits.
std::vector<uint32_t> choose(const MemoryPlan& method, std::vector<uint32_t> order, uint64_t capacity, bool reuse) {
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const Buffer &x = method.buffers[a], &y = method.buffers[b];
    return static_cast<double>(x.traffic) * static_cast<double>(y.bytes) > static_cast<double>(y.traffic) * static_cast<double>(x.bytes);
  });
  if (lower_bound(intervals_of(method, order, reuse)) <= capacity) return order;
  std::vector<uint32_t> chosen;
  for (uint32_t b : order) {
    chosen.push_back(b);
    if (lower_bound(intervals_of(method, chosen, reuse)) > capacity) chosen.pop_back();
  }
  return chosen;
}

// Packs what fits of `left` into pool p and takes it out of `left`.
void fill_pool(MemoryPlan& method, uint32_t p, std::vector<uint32_t>& left, bool reuse) {
  PlannedPool& pool = method.pools[p];
  std::vector<uint32_t> chosen = choose(method, left, pool.capacity, reuse);
  std::vector<Interval> intervals = intervals_of(method, chosen, reuse);
  Packing packing = solve(intervals);
  while (packing.bytes > pool.capacity) {
    chosen.pop_back();
    intervals = intervals_of(method, chosen, reuse);
    packing = solve(intervals, pool.capacity);
  }
  pool.bytes = packing.bytes;
  pool.lower_bound = lower_bound(intervals);
  for (size_t i = 0; i < chosen.size(); ++i) {
    method.buffers[chosen[i]].pool = p;
    method.buffers[chosen[i]].offset = intervals[i].offset;
  }
  std::sort(chosen.begin(), chosen.end());
  std::erase_if(left, [&](uint32_t b) { return std::binary_search(chosen.begin(), chosen.end(), b); });
}

}  // namespace

void plan_memory(ProgramPlan& plan, const PlanOptions& options) {
  for (MemoryPlan& method : plan.methods) {
    std::vector<uint32_t> left(method.buffers.size());
    std::iota(left.begin(), left.end(), 0u);
    for (uint32_t p = 0; p < method.pools.size(); ++p) fill_pool(method, p, left, options.reuse);
    if (left.empty()) continue;
    const Buffer& largest = method.buffers[*std::max_element(
        left.begin(), left.end(), [&](uint32_t a, uint32_t b) { return method.buffers[a].bytes < method.buffers[b].bytes; })];
    throw CompileError("the pools are too small for method '" + method.method + "': " + std::to_string(left.size()) +
                       " buffers have no place, the largest of them '" + largest.name + "' with " + std::to_string(largest.bytes) +
                       " bytes; give a --pool more bytes");
  }
}

}  // namespace etc::compile
