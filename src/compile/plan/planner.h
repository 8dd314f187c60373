// Planners: who decides where the buffers of a pool lie. Some are built in, plugins add others, and any program can be one
// (exec_planner.h). What a planner answers is checked before it is used.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "plan/solve.h"

namespace etc::compile {

// The buffers of one pool of one method. No size is 0, all are multiples of the alignment, and offsets must be such multiples too.
struct PlannerProblem {
  std::string method, pool;
  uint64_t capacity = UINT64_MAX;  // of the pool, in bytes; UINT64_MAX: no limit
  // In: lifetimes and sizes, and when there is a capacity, offsets that fit into it. Out: the planner's offsets.
  std::vector<Interval> buffers;
  std::vector<std::string> names;  // of the first value in each buffer, for messages
  bool proven_optimal = false;     // out: no packing is smaller
};

struct Planner {
  std::string name, summary;
  std::function<void(PlannerProblem&)> plan;  // may throw CompileError
};

// `search`, the default, comes first.
const std::vector<Planner>& builtin_planners();

// Runs the planner and returns the bytes that its answer takes. CompileError (kEnvironment) when the answer is wrong: two buffers share
// bytes while both live (both are named), one lies beyond the capacity or is not aligned.
uint64_t plan_pool(const Planner& planner, PlannerProblem& problem);

}  // namespace etc::compile
