// How far a tensor reaches in memory.
#pragma once

#include "etc/op.h"

namespace etc {

// Bytes from the first element to the end of the last one; 0 when there is no element. False when a size or stride is negative,
// or when any product that a kernel may form of them (elements, steps over a dimension, in bytes) does not fit ptrdiff_t.
bool extent_of(DType dtype, uint32_t rank, const int64_t* sizes, const int64_t* strides, uint64_t* bytes) noexcept;

// The same for a tensor that has been verified.
uint64_t extent_of(const Tensor& t) noexcept;

// The type of a value in two numbers; values of one type reach equally far.
constexpr uint64_t lists_of(const Placement& v) { return uint64_t{v.strides} << 32 | v.sizes; }
constexpr uint16_t type_of(const Placement& v) { return static_cast<uint16_t>(v.rank << 8 | static_cast<uint8_t>(v.dtype)); }
constexpr bool are_of_one_type(const Placement& a, const Placement& b) { return lists_of(a) == lists_of(b) && type_of(a) == type_of(b); }

}  // namespace etc
