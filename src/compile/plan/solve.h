// Packing of buffers with fixed lifetimes into the least memory ("dynamic storage allocation").
#pragma once

#include <cstdint>
#include <vector>

namespace etc::compile {

// Half-open lifetime [lower, upper) in any unit, as in the MiniMalloc problem files.
struct Interval {
  int64_t lower = 0, upper = 0;
  uint64_t size = 0;    // offsets are sums of sizes: round sizes up to what offsets must be multiples of
  uint64_t offset = 0;  // the answer
};

// Live bytes at the peak: no packing can be smaller.
uint64_t lower_bound(const std::vector<Interval>& intervals);

struct Packing {
  uint64_t bytes = 0;
  bool proven_optimal = false;  // reached the lower bound, or exhausted the search
  bool fits = true;             // bytes <= capacity
  bool proven_not_to_fit = false;
};

// Sets every offset. Deterministic: effort is bounded by counted steps, never by the clock. `capacity` is the size to fit into
// (UINT64_MAX: as small as possible).
Packing solve(std::vector<Interval>& intervals, uint64_t capacity = UINT64_MAX, uint64_t max_steps = 0 /* default effort */);

}  // namespace etc::compile
