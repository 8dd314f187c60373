// Elements of any dtype as numbers.
#pragma once

#include <cstring>

#include "ops/number.h"

namespace etc::run {

// Calls f with a value of the C++ type of `dtype`.
template <class F>
auto with_type(DType dtype, F f) {
  switch (dtype) {
    case DType::Bool: return f(bool{});
    case DType::U8: return f(uint8_t{});
    case DType::I8: return f(int8_t{});
    case DType::I16: return f(int16_t{});
    case DType::I32: return f(int32_t{});
    case DType::I64: return f(int64_t{});
    case DType::F16: return f(Half{});
    case DType::BF16: return f(BFloat16{});
    case DType::F32: return f(float{});
    case DType::F64: return f(double{});
    case DType::F8E4M3FN: return f(Float8E4M3FN{});
    case DType::F8E5M2: return f(Float8E5M2{});
    case DType::U16: return f(uint16_t{});
    case DType::U32: return f(uint32_t{});
    case DType::U64: break;
  }
  return f(uint64_t{});
}

// Element i, as the type that T is computed in.
template <class T>
ComputeType<T> element(const std::byte* data, size_t i) {
  if constexpr (std::is_same_v<T, bool>) {
    return data[i] != std::byte{0};
  } else {
    T value;
    std::memcpy(&value, data + i * sizeof(T), sizeof(T));
    return static_cast<ComputeType<T>>(value);
  }
}

}  // namespace etc::run
