// Counts what the process allocates, and can make an allocation fail: malloc and its family, so the C++ operators and C libraries too.
#pragma once

#include <cstdint>

namespace etc::conformance {

struct Allocations {
  int64_t calls = 0;  // since the process began, all threads
  int64_t live = 0;   // blocks not freed yet
};
Allocations allocations();

// The n-th allocation of this thread from now on fails, once; 0: none does.
void fail_allocation(int64_t n);

}  // namespace etc::conformance
