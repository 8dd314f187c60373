// Backends that tests of the core call: "test_scale", and "test_async", the same through start and finish and
// with fixed sizes only; and "test_repeat", whose result is larger than its argument.
#pragma once

#include "etc/delegate.h"

namespace etc::testing {

// result = argument 0 * factor, f32 vectors of one size, through a workspace of its bytes when there is one. Keeps the factor and the
// runs in its memory. A factor that is no number: init fails with code 7; a first element of 13: execute fails with code 5.
struct ScaleBlob {
  float factor;
  uint32_t magic = 0x5ca1e;
};
struct ScaleMemory {
  float factor;
  uint32_t runs, started;
};

extern const DelegateTable kTestDelegate, kTestAsyncDelegate;

// result = argument 0 twice, one behind the other, f32 vectors; any blob. BadShape from execute when the result is not twice as large.
extern const DelegateTable kTestRepeatDelegate;
int repeat_runs();  // calls of its execute so far
// Instances that init has made and destroy has not seen.
int live_delegates();

}  // namespace etc::testing
