// The 16- and 8-bit floating types that kernels compute with in float, and what a C++ type is called in a file.
// Conversions round to nearest even and keep NaN; float8 e4m3fn has no infinity (what overflows, infinities too, becomes ±448, as in PyTorch).
#pragma once

#include "etc/base.h"

namespace etc {

namespace detail {
inline uint32_t bits_of(float f) {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  return u;
}
inline float float_of(uint32_t u) {
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}

// IEEE-like small floats: E exponent bits, M mantissa bits; FN: no infinity, all-ones is NaN.
template <int E, int M, bool FN>
inline float small_to_float(uint32_t bits) {
  constexpr uint32_t kBias = (1u << (E - 1)) - 1, kExpMask = (1u << E) - 1, kManMask = (1u << M) - 1;
  const uint32_t sign = (bits >> (E + M)) << 31;
  const uint32_t exponent = (bits >> M) & kExpMask, mantissa = bits & kManMask;
  if (FN ? (exponent == kExpMask && mantissa == kManMask) : (exponent == kExpMask))
    return float_of(sign | 0x7f800000u | ((FN || mantissa) ? 0x400000u | (mantissa << (23 - M)) : 0u));
  if constexpr (E == 8) return float_of(sign | (exponent << 23) | (mantissa << (23 - M)));  // the range of float, subnormals too
  if (exponent == 0) {  // zero or subnormal: mantissa * 2^(1 - bias - M), exact in float
    const float magnitude = static_cast<float>(mantissa) * float_of((127u + 1 - kBias - M) << 23);
    return float_of(sign | bits_of(magnitude));
  }
  return float_of(sign | ((exponent + 127 - kBias) << 23) | (mantissa << (23 - M)));
}

template <int E, int M, bool FN>
inline uint32_t float_to_small(float f) {
  constexpr int kBias = (1 << (E - 1)) - 1;
  constexpr uint32_t kExpMask = (1u << E) - 1, kManMask = (1u << M) - 1;
  constexpr uint32_t kInfinity = kExpMask << M, kNan = FN ? (kInfinity | kManMask) : (kInfinity | (1u << (M - 1)));
  constexpr uint32_t kMax = FN ? kNan - 1 : kInfinity - 1;
  const uint32_t u = bits_of(f), sign = (u >> 31) << (E + M), magnitude = u & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | kNan;
  const int exponent = static_cast<int>(magnitude >> 23) - 127;
  uint32_t result;
  if (magnitude == 0x7f800000u) {
    return sign | (FN ? kMax : kInfinity);
  } else if (E < 8 && exponent < 1 - kBias) {  // subnormal: round mantissa of fixed scale
    const int shift = (23 - M) + (1 - kBias - exponent);
    if (shift > 24 + 1) {
      result = 0;
    } else {
      const uint32_t full = (magnitude & 0x7fffffu) | (magnitude >> 23 ? 0x800000u : 0u);
      const uint32_t half = 1u << (shift - 1), rest = full & ((1u << shift) - 1);
      result = full >> shift;
      if (rest > half || (rest == half && (result & 1))) ++result;
    }
  } else {
    uint32_t rounded = magnitude + ((1u << (22 - M)) - 1) + ((magnitude >> (23 - M)) & 1);
    result = (rounded >> (23 - M)) - (static_cast<uint32_t>(127 - kBias) << M);
  }
  if (result > kMax) return sign | (FN ? kMax : kInfinity);
  return sign | result;
}
}  // namespace detail

// Storage only: every computation goes through float.
template <class Bits, int E, int M, bool FN>
struct SmallFloat {
  Bits bits;
  SmallFloat() = default;
  explicit SmallFloat(float f) : bits(static_cast<Bits>(detail::float_to_small<E, M, FN>(f))) {}
  explicit operator float() const { return detail::small_to_float<E, M, FN>(bits); }
};
using Half = SmallFloat<uint16_t, 5, 10, false>;
using BFloat16 = SmallFloat<uint16_t, 8, 7, false>;
using Float8E4M3FN = SmallFloat<uint8_t, 4, 3, true>;
using Float8E5M2 = SmallFloat<uint8_t, 5, 2, false>;

template <class T>
struct DTypeOf;
#define ETC_DTYPE(T, D)                    \
  template <>                              \
  struct DTypeOf<T> {                      \
    static constexpr DType value = DType::D; \
  };
ETC_DTYPE(bool, Bool)
ETC_DTYPE(uint8_t, U8)
ETC_DTYPE(int8_t, I8)
ETC_DTYPE(int16_t, I16)
ETC_DTYPE(int32_t, I32)
ETC_DTYPE(int64_t, I64)
ETC_DTYPE(Half, F16)
ETC_DTYPE(BFloat16, BF16)
ETC_DTYPE(float, F32)
ETC_DTYPE(double, F64)
ETC_DTYPE(Float8E4M3FN, F8E4M3FN)
ETC_DTYPE(Float8E5M2, F8E5M2)
ETC_DTYPE(uint16_t, U16)
ETC_DTYPE(uint32_t, U32)
ETC_DTYPE(uint64_t, U64)
#undef ETC_DTYPE

// The type that T is computed in: float for the small floats, T itself otherwise (PyTorch's opmath).
template <class T>
struct ComputeTypeOf {
  using type = T;
};
template <class Bits, int E, int M, bool FN>
struct ComputeTypeOf<SmallFloat<Bits, E, M, FN>> {
  using type = float;
};
template <class T>
using ComputeType = typename ComputeTypeOf<T>::type;

template <class T>
inline ComputeType<T> load(const T* p) {
  return static_cast<ComputeType<T>>(*p);
}
// A byte from outside may be neither 0 nor 1.
inline bool load(const bool* p) { return *reinterpret_cast<const uint8_t*>(p) != 0; }
template <class T>
inline void store(T* p, ComputeType<T> v) {
  *p = static_cast<T>(v);
}

}  // namespace etc
