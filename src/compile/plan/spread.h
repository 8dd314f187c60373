// Which buffers lie in which pool, when pools have sizes.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/plan.h"
#include "plan/solve.h"

namespace etc::compile {

// Lifetimes and sizes of these buffers of a method; times count from 0, before the first instruction. Without `reuse` all live always.
std::vector<Interval> intervals_of(const MemoryPlan& method, const std::vector<uint32_t>& buffers, bool reuse);

// Those that gain most from being in a fast pool come first: bytes moved per byte of place.
void sort_by_benefit(const MemoryPlan& method, std::vector<uint32_t>& buffers);

struct Share {
  std::vector<uint32_t> buffers;    // that the pool takes
  std::vector<Interval> intervals;  // of them; offsets that fit, if the pool has a limit
};

// As many of `buffers`, in their order, as fit into `capacity` together.
Share take_share(const MemoryPlan& method, const std::vector<uint32_t>& buffers, uint64_t capacity, bool reuse);

}  // namespace etc::compile
