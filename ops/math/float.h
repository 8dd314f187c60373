// The float functions that networks run most, without branches so that loops over them vectorise. Polynomials are minimax fits of
// our own; each says its interval and error.
#pragma once

#include "ops/math/rounding.h"

namespace etc::math {

namespace detail {
constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;  // the high part times an exponent is exact
constexpr float kRound = 0x1.8p23f;                                  // x + kRound holds round(x) in its low bits

// 2^n as a float, n in [-126, 127].
inline float power_of_two(uint32_t n) { return from_bits((n + 127u) << 23); }

// e^r - 1 - r for |r| <= ln 2 / 2: error 2^-28.
inline float exp_tail(float r) {
  float p = 1.3951096e-03f;
  p = p * r + 8.36903e-03f;
  p = p * r + 4.16662e-02f;
  p = p * r + 1.6666518e-01f;
  p = p * r + 0.5f;
  return r * r * p;
}

// y 2^n in two steps, so that a subnormal result rounds once and 2^128 is no obstacle.
inline float scale(float y, uint32_t n) {
  const uint32_t half = static_cast<uint32_t>(static_cast<int32_t>(n) >> 1);
  return (y * power_of_two(half)) * power_of_two(n - half);
}

// x = n ln 2 + r, for |x| <= 104.
struct FloatReduced {
  float r;
  uint32_t n;
};
inline FloatReduced exp_reduce(float x) {
  const float shifted = x * 1.4426950216293335f + kRound, n = shifted - kRound;
  return {(x - n * kLn2High) - n * kLn2Low, bits_of(shifted) - bits_of(kRound)};
}

// x = m 2^k with m in [sqrt(1/2), sqrt(2)): gives k and log(m). Only for positive finite x.
inline float log_reduced(float x, float* k) {
  const bool subnormal = x < 0x1p-126f;
  const float scaled = subnormal ? x * 0x1p25f : x;
  const uint32_t u = bits_of(scaled) - 0x3f3504f3u;
  *k = static_cast<float>(static_cast<int32_t>(u) >> 23) - (subnormal ? 25.0f : 0.0f);
  const float f = from_bits((u & 0x7fffffu) + 0x3f3504f3u) - 1.0f;
  const float s = f / (2.0f + f), z = s * s, half = 0.5f * f * f;
  // log(1 + f) = f - f^2/2 + s (f^2/2 + R), R = z P(z), z in [0, 0.0295]: error 2^-36
  float p = 2.3584874e-01f;
  p = p * z + 2.8537178e-01f;
  p = p * z + 4.0000337e-01f;
  p = p * z + 6.666666e-01f;
  return f - (half - s * (half + z * p));
}
// What a logarithm is where x is not positive and finite.
inline float log_special(float x, float y) {
  const float zero_or_nan = x == 0.0f ? -infinity<float>() : nan<float>();
  const float finite = x > 0.0f ? y : zero_or_nan;
  return x == infinity<float>() ? x : finite;
}
}  // namespace detail

inline float exp(float x) {
  const float low = x < -104.0f ? -104.0f : x, c = low > 89.0f ? 89.0f : low;  // keeps NaN
  const detail::FloatReduced a = detail::exp_reduce(c);
  return detail::scale(1.0f + (a.r + detail::exp_tail(a.r)), a.n);
}

inline float exp2(float x) {
  const float low = x < -151.0f ? -151.0f : x, c = low > 129.0f ? 129.0f : low;
  const float shifted = c + detail::kRound, n = shifted - detail::kRound, r = (c - n) * 0.69314718246459961f;
  return detail::scale(1.0f + (r + detail::exp_tail(r)), bits_of(shifted) - bits_of(detail::kRound));
}

inline float expm1(float x) {
  const float low = x < -20.0f ? -20.0f : x, c = low > 89.0f ? 89.0f : low;
  const detail::FloatReduced a = detail::exp_reduce(c);
  // 2^n (1 - 2^-n + r + tail), with the rounding of the first sum put back; from n = 30 on, 2^-n is nothing
  const int32_t n = static_cast<int32_t>(a.n);
  const float u = 1.0f - detail::power_of_two(0u - static_cast<uint32_t>(n > 60 ? 60 : n));
  const float s = u + a.r, t = s - u, lost = (u - (s - t)) + (a.r - t);
  const float y = detail::scale(s + (lost + detail::exp_tail(a.r)), a.n);
  return x == 0.0f ? x : y;  // -0
}

inline float log(float x) {
  float k;
  const float y = detail::log_reduced(x, &k);
  return detail::log_special(x, k * detail::kLn2High + (y + k * detail::kLn2Low));
}

inline float log1p(float x) {
  const float u = 1.0f + x, t = u - 1.0f, lost = (1.0f - (u - t)) + (x - t);
  float k;
  const float y = detail::log_reduced(u, &k);
  const float sum = k * detail::kLn2High + (y + (k * detail::kLn2Low + lost / u));
  return x == 0.0f ? x : detail::log_special(u, sum);
}

inline float log2(float x) {
  float k;
  const float y = detail::log_reduced(x, &k);
  return detail::log_special(x, k + y * 1.4426950216293335f);
}

inline float tanh(float x) {
  const float a = fabs(x), z = a * a;
  // below 0.64, (tanh(x)/x - 1)/x^2: error 2^-27
  float p = -5.603792e-03f;
  p = p * z + 2.0551657e-02f;
  p = p * z + -5.371411e-02f;
  p = p * z + 1.3331154e-01f;
  p = p * z + -3.3333272e-01f;
  const float small = a + a * (z * p), large = 1.0f - 2.0f / (exp(2.0f * a) + 1.0f);
  return copysign(a < 0.64f ? small : large, x);
}

inline float sigmoid(float x) { return 1.0f / (1.0f + exp(-x)); }

inline float erf(float x) {
  const float a = fabs(x), z = a * a;
  // below 0.92, erf(x)/x - 1 in x^2: error 2^-31
  float p = 8.345193e-05f;
  p = p * z + -8.1374316e-04f;
  p = p * z + 5.200634e-03f;
  p = p * z + -2.685927e-02f;
  p = p * z + 1.1283694e-01f;
  p = p * z + -3.7612635e-01f;
  p = p * z + 1.2837917e-01f;
  // from there, 1 - e^-Q(x), Q = -log(erfc(x)) on [0.91, 4]: error 2^-34 of the result
  const float c = a > 4.0f ? 4.0f : a;
  float q = 2.1038604e-05f;
  q = q * c + -4.337918e-04f;
  q = q * c + 4.1677216e-03f;
  q = q * c + -2.5110383e-02f;
  q = q * c + 1.0826572e-01f;
  q = q * c + 6.333603e-01f;
  q = q * c + 1.1295081e+00f;
  q = q * c + -1.7323293e-04f;
  const float small = a + a * p, large = 1.0f - exp(-q);
  return copysign(a < 0.92f ? small : large, x);
}

}  // namespace etc::math
