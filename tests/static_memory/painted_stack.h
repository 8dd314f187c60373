// How much stack a function uses: it runs on a thread whose stack was filled with a pattern before.
#pragma once

#include <cstddef>

namespace etc::testing {

// Bytes below the frame of its caller that `task` has written, on a stack of 1 MiB. What a function reserves and never writes is not
// seen, except below by what it calls.
size_t stack_bytes(void (*task)(void* argument), void* argument);

}  // namespace etc::testing
