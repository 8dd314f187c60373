// Pools and offsets; see assign.h.
#include "plan/assign.h"

#include <algorithm>
#include <numeric>

#include "ir/error.h"
#include "plan/spread.h"

namespace etc::compile {
namespace {

// "'conv_1' (65536 bytes, net.py:12)"
std::string describe(const MemoryPlan& method, const Buffer& buffer) {
  std::string text = "'" + buffer.name + "' (" + std::to_string(buffer.bytes) + " bytes";
  if (buffer.first >= 0 && buffer.first < static_cast<int64_t>(method.instructions.size()))
    if (const auto& source = method.instructions[static_cast<size_t>(buffer.first)].source; source && source->line)
      text += ", " + source->file + ":" + std::to_string(source->line);
  return text + ")";
}

// What the last pool would need to hold `left` too.
uint64_t bytes_that_fit(const MemoryPlan& method, std::vector<uint32_t> left, bool reuse) {
  constexpr uint64_t kSteps = 20'000'000;
  const auto last = static_cast<uint32_t>(method.pools.size() - 1);
  std::vector<bool> is_left(method.buffers.size());
  for (uint32_t b : left) is_left[b] = true;
  for (uint32_t b = 0; b < method.buffers.size(); ++b)
    if (method.buffers[b].bytes && !is_left[b] && method.buffers[b].pool == last) left.push_back(b);
  std::vector<Interval> intervals = intervals_of(method, left, reuse);
  return solve(intervals, UINT64_MAX, kSteps).bytes;
}

[[noreturn]] void refuse(const MemoryPlan& method, std::vector<uint32_t> left, bool reuse) {
  constexpr size_t kNamed = 5;
  const PlannedPool& pool = method.pools.back();
  std::stable_sort(left.begin(), left.end(), [&](uint32_t a, uint32_t b) { return method.buffers[a].bytes > method.buffers[b].bytes; });
  std::string text = "method '" + method.method + "' does not fit into its pools: no room for ";
  for (size_t k = 0; k < std::min(left.size(), kNamed); ++k) text += (k ? ", " : "") + describe(method, method.buffers[left[k]]);
  if (left.size() > kNamed) text += " and " + std::to_string(left.size() - kNamed) + " smaller ones";
  throw CompileError(text + "; --pool " + pool.name + "=" + std::to_string(bytes_that_fit(method, left, reuse)) + " in place of " +
                     std::to_string(pool.capacity) + " would do");
}

void fill_pool(MemoryPlan& method, uint32_t p, std::vector<uint32_t>& left, const Planner& planner, bool reuse) {
  PlannedPool& pool = method.pools[p];
  pool.bytes = pool.lower_bound = 0;  // of an earlier plan
  Share share = take_share(method, left, pool.capacity, reuse);
  if (share.buffers.empty()) {
    pool.proven_optimal = true;
    return;
  }
  PlannerProblem problem{method.method, pool.name, pool.capacity, std::move(share.intervals), {}, false};
  for (uint32_t b : share.buffers) problem.names.push_back(method.buffers[b].name);
  pool.bytes = plan_pool(planner, problem);
  pool.lower_bound = lower_bound(problem.buffers);
  pool.proven_optimal = problem.proven_optimal || pool.bytes == pool.lower_bound;
  std::vector<bool> is_placed(method.buffers.size());
  for (size_t i = 0; i < share.buffers.size(); ++i) {
    method.buffers[share.buffers[i]].pool = p;
    method.buffers[share.buffers[i]].offset = problem.buffers[i].offset;
    is_placed[share.buffers[i]] = true;
  }
  std::erase_if(left, [&](uint32_t b) { return is_placed[b]; });
}

}  // namespace

void plan_memory(ProgramPlan& plan, const PlanOptions& options) {
  const Planner& planner = options.planner.plan ? options.planner : builtin_planners()[0];
  for (MemoryPlan& method : plan.methods) {
    std::vector<uint32_t> left;
    for (uint32_t b = 0; b < method.buffers.size(); ++b)
      if (method.buffers[b].bytes) left.push_back(b);
    sort_by_benefit(method, left);
    for (uint32_t p = 0; p < method.pools.size(); ++p) fill_pool(method, p, left, planner, options.reuse);
    if (!left.empty()) refuse(method, left, options.reuse);
  }
}

}  // namespace etc::compile
