// How far a tensor reaches in memory.
#pragma once

#include "etc/tensor.h"

namespace etc {

// Bytes from the first element to the end of the last one; 0 when there is no element. False when a size or stride is negative,
// or when any product that a kernel may form of them (elements, steps over a dimension, in bytes) does not fit ptrdiff_t.
bool extent_of(DType dtype, uint32_t rank, const int64_t* sizes, const int64_t* strides, uint64_t* bytes) noexcept;

// The same for a tensor that has been verified.
uint64_t extent_of(const Tensor& t) noexcept;

}  // namespace etc
