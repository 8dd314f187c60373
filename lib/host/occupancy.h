// How many bytes of each pool hold something that a run still needs, over time.
#pragma once

#include "etc/host/trace.h"
#include "host/access.h"

namespace etc::host {

struct Occupancy {
  struct Sample {
    int64_t at_ns;
    uint64_t bytes;  // from then on
  };
  std::vector<std::vector<Sample>> pools;  // samples by time
};

// A value lives from the beginning of the first instruction that uses it (inputs: of the run) to the end of the last one (outputs: of the
// run); bytes that several values share count once.
Occupancy occupancy_of(const Trace::Run& run, const Program& program, uint32_t method, const Accesses& accesses);

}  // namespace etc::host
