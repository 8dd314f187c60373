// Which instructions of a block wait for which others: two that touch the same bytes, one of them writing, keep their order.
#pragma once

#include <vector>

#include "host/access.h"

namespace etc::host {

struct Dependencies {
  std::vector<uint32_t> first, successors;  // those of instruction i: successors[first[i]] to successors[first[i + 1] - 1]
  std::vector<uint32_t> waits_for;          // how many others instruction i is a successor of

  Span<const uint32_t> after(uint32_t i) const { return {successors.data() + first[i], first[i + 1] - first[i]}; }
};

// The list that the compiler recorded, once it is known that every conflict is ordered by it, directly or over others; the conflicts
// themselves where nothing is recorded. Every successor is in the block of its instruction and after it. BadProgram when the list is
// none, or does not order a conflict; `fault` (may be null) names the later instruction. OutOfMemory for more than 2^26 conflicts.
//
// A conflict is found from byte ranges alone: of each range the last writer and the readers since. Takes time in proportion to the
// accesses and conflicts, and to the instructions times the chains that they fall into: as many as run side by side.
Result<Dependencies> dependencies_of(const Program& program, uint32_t method, const Accesses& accesses, Fault* fault);

}  // namespace etc::host
