// A schedule of instructions for several workers, on paper.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/dependencies.h"

namespace etc::compile {

struct TimeSpan {
  uint64_t start = 0, end = 0;
};

// When each of the instructions `first` to `end - 1` (a block) runs, if each worker takes whatever is ready and has the longest way to the
// end. `cost` (by instruction, more than zero) is how long each takes.
std::vector<TimeSpan> schedule(const Successors& successors, const std::vector<uint64_t>& cost, uint32_t first, uint32_t end,
                               uint32_t workers);

}  // namespace etc::compile
