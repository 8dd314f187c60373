// How far a tensor reaches in memory.
#pragma once

#include "etc/tensor.h"

namespace etc {

// Bytes from the first element to the end of the last one; 0 when there is no element. False when a size or stride is negative,
// or when any product that a kernel may form of them (elements, steps over a dimension, in bytes) does not fit ptrdiff_t.
inline bool extent_of(DType dtype, uint32_t rank, const int64_t* sizes, const int64_t* strides, uint64_t* bytes) {
  constexpr int64_t kLimit = PTRDIFF_MAX;
  const int64_t width = size_in_bytes(dtype);
  int64_t elements = width, reach = 0, last = width;
  for (uint32_t d = 0; d < rank; ++d) {
    const int64_t size = sizes[d] == 0 ? 1 : sizes[d];
    int64_t steps;
    if (!checked_multiply(elements, size, &elements) || !checked_multiply(strides[d], size, &steps) ||
        !checked_multiply(steps, width, &steps) || !checked_add(reach, steps, &reach) || elements > kLimit || reach > kLimit)
      return false;
    last += strides[d] * (size - 1) * width;
  }
  bool empty = false;
  for (uint32_t d = 0; d < rank; ++d) empty = empty || sizes[d] == 0;
  *bytes = empty ? 0 : static_cast<uint64_t>(last);
  return true;
}

// The same for a tensor that has been verified.
inline uint64_t extent_of(const Tensor& t) {
  uint64_t last = size_in_bytes(t.dtype);
  for (uint32_t d = 0; d < t.rank; ++d) {
    if (t.sizes[d] == 0) return 0;
    last += static_cast<uint64_t>(t.strides[d]) * static_cast<uint64_t>(t.sizes[d] - 1) * size_in_bytes(t.dtype);
  }
  return last;
}

}  // namespace etc
