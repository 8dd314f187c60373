// Small questions about strides that kernels ask when they are selected.
#pragma once

#include "etc/tensor.h"

namespace etc {

// True when dimensions first .. last - 1 can be walked as one, row-major, with one stride.
inline bool joined_stride(const Tensor& t, uint32_t first, uint32_t last, int64_t* stride) {
  *stride = 1;
  int64_t expected = 0;
  bool started = false;
  for (uint32_t d = last; d-- > first;) {
    if (t.sizes[d] == 0) return true;
    if (t.sizes[d] == 1) continue;
    if (!started) {
      *stride = t.strides[d];
      started = true;
    } else if (t.strides[d] != expected) {
      return false;
    }
    expected =
        static_cast<int64_t>(static_cast<uint64_t>(t.strides[d]) * static_cast<uint64_t>(t.sizes[d]));  // may wrap where nothing is read
  }
  return true;
}
inline bool are_joined(const Tensor& t, uint32_t first, uint32_t last) {
  int64_t stride;
  return joined_stride(t, first, last, &stride);
}
inline int64_t stride_of_joined(const Tensor& t, uint32_t first, uint32_t last) {
  int64_t stride;
  joined_stride(t, first, last, &stride);
  return stride;
}

// True when dimensions first .. last - 1 lie one behind the other in row-major order.
inline bool are_dense(const Tensor& t, uint32_t first, uint32_t last) {
  int64_t stride;
  if (!joined_stride(t, first, last, &stride)) return false;
  for (uint32_t d = first; d < last; ++d)
    if (t.sizes[d] > 1) return stride == 1;
  return true;
}

// Stride of a dimension in a tensor that broadcasts along it: 0 where the size is 1.
inline int64_t repeating_stride(const Tensor& t, uint32_t d) { return t.sizes[d] == 1 ? 0 : t.strides[d]; }

}  // namespace etc
