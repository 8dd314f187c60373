// The first half of verification: everything that a program file claims by itself, in time linear in its first segment.
// The second half needs the ops: see check.h.
#pragma once

#include "format.h"

namespace etc {

// True when every list has its records' form; every index, range and count is inside what it refers to; every value has a known
// dtype and its extent lies, aligned to the dtype, inside its storage; and blocks cover the instructions and jump to blocks.
// `segment` is the whole first segment, `constant_capacity` the bytes of the second. Debug information is not looked at.
bool verify_program(Span<const wire::Word> segment, uint64_t constant_capacity) noexcept;

}  // namespace etc
