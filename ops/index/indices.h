// Reading indices: int32 or int64 tensors whose values come from data, so that every one is checked when it is read.
#pragma once

#include <type_traits>

#include "ops/dispatch.h"

namespace etc {

inline bool is_index(DType t) { return t == DType::I64 || t == DType::I32; }

// Element i (of memory, contiguous) of an index tensor.
inline int64_t index_at(const Tensor& t, int64_t i) { return t.dtype == DType::I32 ? t.as<int32_t>()[i] : t.as<int64_t>()[i]; }

// False when it is outside of [0, size).
inline bool is_inside(int64_t index, int64_t size) { return static_cast<uint64_t>(index) < static_cast<uint64_t>(size); }

// Arithmetic on elements as PyTorch does it: small floats in float, integers wrapping around.
template <class T>
inline T add_elements(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return a || b;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return static_cast<T>(load(&a) + load(&b));
  }
}
template <class T>
inline T multiply_elements(T a, T b) {
  if constexpr (std::is_same_v<T, bool>) {
    return a && b;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  } else {
    return static_cast<T>(load(&a) * load(&b));
  }
}

}  // namespace etc
