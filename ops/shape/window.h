// Copying between parts of tensors: a window is a Tensor whose data, sizes and strides show a part of another.
#pragma once

#include "ops/dispatch.h"
#include "ops/iterate.h"

namespace etc {

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
