// The planners that are built in, and the check of what any planner answers; see planner.h.
#include "plan/planner.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "etc/program.h"
#include "ir/error.h"
#include "plan/greedy.h"

namespace etc::compile {
namespace {

void plan_by_search(PlannerProblem& problem) {
  std::vector<Interval> packed = problem.buffers;
  Packing packing = solve(packed);
  if (packing.bytes > problem.capacity) packing = solve(packed, problem.capacity);
  if (packing.bytes > problem.capacity) return;  // the offsets that came with the problem stay
  problem.buffers = std::move(packed);
  problem.proven_optimal = packing.proven_optimal;
}

void plan_greedily(PlannerProblem& problem) {
  std::vector<Interval> packed = problem.buffers;
  if (pack_greedily(packed, lower_bound(packed)) <= problem.capacity) problem.buffers = std::move(packed);
}

void plan_without_reuse(PlannerProblem& problem) {
  uint64_t top = 0;
  for (Interval& i : problem.buffers) i.offset = top, top += i.size;
}

std::string range_text(const PlannerProblem& problem, size_t i) {
  const Interval& b = problem.buffers[i];
  return "'" + problem.names[i] + "' [" + std::to_string(b.offset) + ", " + std::to_string(b.offset + b.size) + ")";
}

std::string misplaced(const PlannerProblem& problem) {
  for (size_t i = 0; i < problem.buffers.size(); ++i) {
    const Interval& b = problem.buffers[i];
    if (b.offset % kAlignment != 0)
      return "'" + problem.names[i] + "' begins at " + std::to_string(b.offset) + ", which is no multiple of " + std::to_string(kAlignment);
    if (b.offset > UINT64_MAX / 4) return "'" + problem.names[i] + "' begins at " + std::to_string(b.offset) + ", beyond all memory";
    if (b.offset > problem.capacity || b.size > problem.capacity - b.offset)
      return range_text(problem, i) + " ends beyond the pool's " + std::to_string(problem.capacity) + " bytes";
  }
  return "";
}

// Sweeps over time with the live buffers by offset: as long as those before are apart, a new one can only meet its neighbours.
std::string overlap(const PlannerProblem& problem) {
  const std::vector<Interval>& buffers = problem.buffers;
  std::vector<size_t> by_start(buffers.size()), by_end(buffers.size());
  std::iota(by_start.begin(), by_start.end(), size_t{0});
  by_end = by_start;
  std::stable_sort(by_start.begin(), by_start.end(), [&](size_t a, size_t b) { return buffers[a].lower < buffers[b].lower; });
  std::stable_sort(by_end.begin(), by_end.end(), [&](size_t a, size_t b) { return buffers[a].upper < buffers[b].upper; });
  std::map<uint64_t, size_t> live;  // by offset
  size_t ended = 0;
  for (const size_t i : by_start) {
    for (; buffers[by_end[ended]].upper <= buffers[i].lower; ++ended) live.erase(buffers[by_end[ended]].offset);
    const auto above = live.lower_bound(buffers[i].offset);
    size_t other = i;
    if (above != live.end() && above->first < buffers[i].offset + buffers[i].size) other = above->second;
    if (above != live.begin())
      if (const size_t below = std::prev(above)->second; buffers[below].offset + buffers[below].size > buffers[i].offset) other = below;
    if (other != i) {
      const int64_t from = buffers[i].lower, to = std::min(buffers[i].upper, buffers[other].upper);
      return range_text(problem, other) + " and " + range_text(problem, i) + " overlap while both live, from " + std::to_string(from) +
             " to before " + std::to_string(to);
    }
    live.emplace_hint(above, buffers[i].offset, i);
  }
  return "";
}

}  // namespace

const std::vector<Planner>& builtin_planners() {
  static const std::vector<Planner> planners = {
      {"search", "the least bytes, by exact search (the default)", plan_by_search},
      {"greedy", "a few quick heuristics, the best of them", plan_greedily},
      {"no-reuse", "every buffer in a place of its own, to compare with", plan_without_reuse},
  };
  return planners;
}

uint64_t plan_pool(const Planner& planner, PlannerProblem& problem) {
  planner.plan(problem);
  std::string fault = misplaced(problem);
  if (fault.empty()) fault = overlap(problem);
  if (!fault.empty())
    throw CompileError(
        "planner " + planner.name + ": its answer for pool " + problem.pool + " of method " + problem.method + " is wrong: " + fault,
        kEnvironment);
  uint64_t bytes = 0;
  for (const Interval& b : problem.buffers) bytes = std::max(bytes, b.offset + b.size);
  return bytes;
}

}  // namespace etc::compile
