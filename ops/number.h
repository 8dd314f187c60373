// The 16- and 8-bit floating types that kernels compute with in float, and what a C++ type is called in a file.
// Conversions round to nearest even and keep NaN; float8 e4m3fn has no infinity: what overflows, infinities too, becomes ±448, as in
// PyTorch.
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

// IEEE-like small floats: E exponent bits, M mantissa bits; FN: no infinity, all-ones is NaN. Written without branches, for loops
// over them to vectorise.
template <int E, int M, bool FN>
inline float small_to_float(uint32_t bits) {
  if constexpr (E == 8) return float_of(bits << (23 - M));  // the upper part of a float
  constexpr uint32_t kBias = (1u << (E - 1)) - 1, kMagnitude = (1u << (E + M)) - 1, kInfinity = ((1u << E) - 1) << M;
  const uint32_t sign = (bits >> (E + M)) << 31, magnitude = bits & kMagnitude;
  // As a float's exponent and mantissa it is too small by a power of two, subnormals too; the product is exact.
  const uint32_t finite = bits_of(float_of(magnitude << (23 - M)) * float_of((254u - kBias) << 23));
  const uint32_t special = 0x7f800000u | (magnitude << (23 - M)) | (FN || magnitude != kInfinity ? 0x400000u : 0u);
  return float_of(sign | (magnitude >= (FN ? kMagnitude : kInfinity) ? special : finite));
}

template <int E, int M, bool FN>
inline uint32_t float_to_small(float f) {
  constexpr uint32_t kBias = (1u << (E - 1)) - 1, kInfinity = ((1u << E) - 1) << M;
  constexpr uint32_t kNan = FN ? (1u << (E + M)) - 1 : kInfinity | (1u << (M - 1)), kOverflow = FN ? kNan - 1 : kInfinity;
  // The float whose last mantissa bit weighs as much as the smallest subnormal: adding it rounds to that.
  constexpr uint32_t kSubnormal = (127u + 24 - kBias - M) << 23;
  const uint32_t u = bits_of(f), sign = (u >> 31) << (E + M), magnitude = u & 0x7fffffffu;
  const uint32_t subnormal = bits_of(float_of(magnitude) + float_of(kSubnormal)) - kSubnormal;
  const uint32_t normal = ((magnitude + ((1u << (22 - M)) - 1) + ((magnitude >> (23 - M)) & 1)) >> (23 - M)) - ((127u - kBias) << M);
  const uint32_t finite = magnitude < ((128u - kBias) << 23) ? subnormal : normal;
  const uint32_t number = magnitude >= 0x7f800000u || finite > kOverflow ? kOverflow : finite;
  return sign | (magnitude > 0x7f800000u ? kNan : number);
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
#define ETC_DTYPE(T, D)                      \
  template <>                                \
  struct DTypeOf<T> {                        \
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
