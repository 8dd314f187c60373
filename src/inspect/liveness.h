// When each value of a method lives, and what the peak is: computed from the instructions of the file.
#pragma once

#include <cstdint>
#include <vector>

#include "listing.h"

namespace etc::inspect {

// Instructions from the one that writes a value to the last that reads it or a window on it, both included. -1: before the run (inputs);
// the number of instructions: after it (outputs).
struct Lifetime {
  int64_t first = -1, last = -1;
  int32_t source = -1;  // of the instruction that writes it
};

struct PoolUse {
  uint64_t bytes = 0;                  // the plan's
  uint64_t live = 0;                   // most bytes live at once, rounded up to 64 for each value: no plan of this order needs less
  int64_t peak_at = -1;                // instruction
  std::vector<uint32_t> live_at_peak;  // roots, by offset
};

struct Liveness {
  std::vector<Lifetime> values;
  std::vector<PoolUse> pools;
};

Liveness liveness_of(const Method& method);

}  // namespace etc::inspect
