// Quick packings: buffers one after another, each into the lowest or tightest gap that earlier ones leave it.
#pragma once

#include "plan/solve.h"

namespace etc::compile {

// Tries several orders and sets the offsets to the best packing; stops early at `target` bytes. Returns its bytes.
uint64_t pack_greedily(std::vector<Interval>& intervals, uint64_t target);

}  // namespace etc::compile
