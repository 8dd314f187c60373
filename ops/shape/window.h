// Copying between parts of tensors: a window is a Tensor whose data, sizes and strides show a part of another.
#pragma once

#include "ops/dispatch.h"
#include "ops/iterate.h"

namespace etc {

// Whether a window's sizes are possible and its last element lies in a tensor of `count` elements.
inline bool is_window_inside(Ints sizes, Ints strides, int64_t offset, int64_t count) {
  if (offset < 0 || offset > count) return false;
  int64_t last = offset;
  bool is_empty = false;
  for (uint32_t d = 0; d < sizes.size; ++d) {
    if (sizes[d] < 0 || strides[d] < 0) return false;
    is_empty = is_empty || sizes[d] == 0;
  }
  for (uint32_t d = 0; d < sizes.size && !is_empty; ++d) {
    int64_t span;
    if (!checked_multiply(sizes[d] - 1, strides[d], &span) || !checked_add(last, span, &last)) return false;
  }
  return is_empty || last < count;
}

// Elements of T are moved as they are.
template <class T>
inline void copy_window(const Tensor& to, const Tensor& from) {
  map<T, T>([](T x) { return x; }, to, from);
}

// Every element of `to` becomes `value`.
template <class T>
inline void fill_window(const Tensor& to, T value) {
  const int64_t no_strides[kMaxRank] = {};
  Tensor source = to;
  source.data = &value;
  source.strides = no_strides;
  copy_window<T>(to, source);
}

// The bits of a number in the element type `dtype`, in the low bytes.
uint64_t element_bits(OpContext ctx, uint32_t argument, DType dtype);

}  // namespace etc
