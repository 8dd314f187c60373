// Bits, signs, square root and rounding of float and double, by arithmetic that every target has.
#pragma once

#include <cstdint>
#include <cstring>

namespace etc::math {

template <class T>
struct FloatTraits;
template <>
struct FloatTraits<float> {
  using Bits = uint32_t;
  static constexpr int kMantissa = 23, kBias = 127;
  static constexpr Bits kSign = 0x80000000u, kInfinity = 0x7f800000u, kNan = 0x7fc00000u;
  static constexpr float kInteger = 0x1p23f;  // from here on every float is an integer
};
template <>
struct FloatTraits<double> {
  using Bits = uint64_t;
  static constexpr int kMantissa = 52, kBias = 1023;
  static constexpr Bits kSign = 0x8000000000000000u, kInfinity = 0x7ff0000000000000u, kNan = 0x7ff8000000000000u;
  static constexpr double kInteger = 0x1p52;
};

inline uint32_t bits_of(float x) {
  uint32_t u;
  std::memcpy(&u, &x, sizeof u);
  return u;
}
inline uint64_t bits_of(double x) {
  uint64_t u;
  std::memcpy(&u, &x, sizeof u);
  return u;
}
inline float from_bits(uint32_t u) {
  float x;
  std::memcpy(&x, &u, sizeof x);
  return x;
}
inline double from_bits(uint64_t u) {
  double x;
  std::memcpy(&x, &u, sizeof x);
  return x;
}

template <class T>
inline T infinity() {
  return from_bits(FloatTraits<T>::kInfinity);
}
template <class T>
inline T nan() {
  return from_bits(FloatTraits<T>::kNan);
}
template <class T>
inline bool is_nan(T x) {
  return x != x;
}
template <class T>
inline bool is_infinite(T x) {
  return (bits_of(x) & ~FloatTraits<T>::kSign) == FloatTraits<T>::kInfinity;
}
template <class T>
inline bool is_negative(T x) {  // the sign bit, of zeros and NaN too
  return (bits_of(x) & FloatTraits<T>::kSign) != 0;
}
template <class T>
inline T fabs(T x) {
  return from_bits(static_cast<typename FloatTraits<T>::Bits>(bits_of(x) & ~FloatTraits<T>::kSign));
}
template <class T>
inline T copysign(T magnitude, T sign) {
  using Bits = typename FloatTraits<T>::Bits;
  return from_bits(static_cast<Bits>((bits_of(magnitude) & ~FloatTraits<T>::kSign) | (bits_of(sign) & FloatTraits<T>::kSign)));
}

inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }

// To the nearest integer, ties to even: adding 2^23 (2^52) pushes the fraction out, in the rounding mode of every other operation.
template <class T>
inline T round_half_even(T x) {
  const T magnitude = fabs(x);
  const T rounded = (magnitude + FloatTraits<T>::kInteger) - FloatTraits<T>::kInteger;
  return copysign(magnitude < FloatTraits<T>::kInteger ? rounded : magnitude, x);
}
template <class T>
inline T floor(T x) {
  const T near = round_half_even(x);
  return copysign(near - (near > x ? T{1} : T{0}), x);
}
template <class T>
inline T ceil(T x) {
  const T near = round_half_even(x);
  return copysign(near + (near < x ? T{1} : T{0}), x);
}
template <class T>
inline T trunc(T x) {
  const T magnitude = fabs(x), near = round_half_even(magnitude);
  return copysign(near - (near > magnitude ? T{1} : T{0}), x);
}

}  // namespace etc::math
