// sin, cos and tan of double; float goes through them. Arguments are reduced by pi/2 exactly enough for every finite double.
#include "ops/math/two.h"

namespace etc::math {

namespace {

struct Angle {
  Two r;             // |r| <= pi/4, a little more
  uint32_t quarter;  // multiples of pi/2 taken off, modulo 4
};

// 2/pi in binary, after 64 zeros: word i holds the bits of weights 2^-(32 (i - 2) + 1) and below.
constexpr uint32_t kTwoOverPi[40] = {
    0x00000000u, 0x00000000u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu, 0xdebbc561u,
    0xb7246e3au, 0x424dd2e0u, 0x06492eeau, 0x09d1921cu, 0xfe1deb1cu, 0xb129a73eu, 0xe88235f5u, 0x2ebb4484u, 0xe99c7026u, 0xb45f7e41u,
    0x3991d639u, 0x835339f4u, 0x9c845f8bu, 0xbdf9283bu, 0x1ff897ffu, 0xde05980fu, 0xef2f118bu, 0x5a0a6d1fu, 0x6d367ecfu, 0x27cb09b7u,
    0x4f463f66u, 0x9e5fea2du, 0x7527bac7u, 0xebe5f17bu, 0x3d0739f7u, 0x8a5292eau, 0x6bfb5fb1u, 0x1f8d5d08u, 0x56033046u, 0xfc7b6babu};
constexpr Two kPiOver2 = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};

// Payne and Hanek: with x = m 2^e, only 192 bits of 2/pi matter for x 2/pi modulo 4; those before give multiples of 4 times m, those
// after stay below 2^-137.
Angle reduce_large(double x) {
  const uint64_t u = bits_of(x);
  const uint64_t m = (u & 0xfffffffffffffull) | 0x10000000000000ull;
  const int e = static_cast<int>((u >> 52) & 0x7ff) - 1075;
  // The window starts at weight 2^1 of 2^e 2/pi: bit e - 1 counting from the point, 64 later in the table.
  const uint32_t start = static_cast<uint32_t>(e - 2 + 64), word = start / 32, shift = start % 32;
  uint32_t window[6], product[6] = {};  // least significant first
  for (uint32_t i = 0; i < 6; ++i) {
    const uint64_t pair = (static_cast<uint64_t>(kTwoOverPi[word + i]) << 32) | (word + i + 1 < 40 ? kTwoOverPi[word + i + 1] : 0u);
    window[5 - i] = static_cast<uint32_t>((pair << shift) >> 32);
  }
  const uint32_t factor[2] = {static_cast<uint32_t>(m), static_cast<uint32_t>(m >> 32)};
  for (uint32_t i = 0; i < 2; ++i) {
    uint64_t carry = 0;
    for (uint32_t j = 0; i + j < 6; ++j) {
      carry += static_cast<uint64_t>(factor[i]) * window[j] + product[i + j];
      product[i + j] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  uint32_t quarter = product[5] >> 30;
  // The fraction, 190 bits, in [-1/2, 1/2) as sign and magnitude.
  product[5] &= 0x3fffffffu;
  const bool negative = (product[5] & 0x20000000u) != 0;
  if (negative) {
    ++quarter;
    uint64_t borrow = 1;
    for (uint32_t j = 0; j < 6; ++j) {
      borrow += static_cast<uint32_t>(~product[j]);
      product[j] = static_cast<uint32_t>(borrow);
      borrow >>= 32;
    }
    product[5] &= 0x3fffffffu;
  }
  // Whole words of zeros first, then two doubles from the leading 96 bits and more.
  uint32_t top = 5;
  while (top > 2 && product[top] == 0) --top;
  double weight = from_bits(static_cast<uint64_t>(1023 - 190 + 32 * static_cast<int>(top)) << 52);
  Two f;
  for (uint32_t j = top + 1; j-- > 0 && j + 4 > top;) {
    const Two next = sum(f.high, static_cast<double>(product[j]) * weight);
    f = {next.high, f.low + next.low};
    weight *= 0x1p-32;
  }
  const bool flip = negative != ((u >> 63) != 0);
  const Two r = f * kPiOver2;
  return {flip ? Two{-r.high, -r.low} : r, (u >> 63) != 0 ? (0u - quarter) & 3u : quarter & 3u};
}

Angle reduce(double x) {
  const double a = fabs(x);
  if (a <= 0.7853981633974483) return {{x, 0.0}, 0};
  if (a >= 0x1p20) return reduce_large(x);
  // Cody and Waite: pi/2 in parts of 33 bits, whose products with n < 2^20 are exact.
  constexpr double kPart[] = {0x1.921fb54400000p+0, 0x1.0b4611a600000p-34, 0x1.3198a2e000000p-69, 0x1.b839a252049c1p-104};
  const double n = round_half_even(x * 0x1.45f306dc9c883p-1);
  const Two first = sum(x - n * kPart[0], -(n * kPart[1]));
  const Two second = sum(first.high, -(n * kPart[2]));
  const Two r = sum_ordered(second.high, second.low + first.low - n * kPart[3]);
  return {r, static_cast<uint32_t>(static_cast<int32_t>(n)) & 3u};
}

double sin_reduced(Two y) {
  const double z = y.high * y.high, v = z * y.high;
  // (sin(x)/x - 1)/x^2 for |x| <= pi/4: error 2^-58
  double p = 1.5896516583692525e-10;
  p = p * z + -2.505075351956025e-08;
  p = p * z + 2.7557313664097316e-06;
  p = p * z + -0.00019841269829732437;
  p = p * z + 0.008333333333322326;
  return y.high - ((z * (0.5 * y.low - v * p) - y.low) - v * -0.16666666666666632);
}

double cos_reduced(Two y) {
  const double z = y.high * y.high, half = 0.5 * z, w = 1.0 - half;
  // (cos(x) - 1 + x^2/2)/x^4: error 2^-64
  double p = -1.1359457368908565e-11;
  p = p * z + 2.0875719732881426e-09;
  p = p * z + -2.755731432736103e-07;
  p = p * z + 2.4801587289399714e-05;
  p = p * z + -0.0013888888888874;
  p = p * z + 0.0416666666666666;
  return w + (((1.0 - w) - half) + (z * z * p - y.high * y.low));
}

double sin_of(Angle a) {
  const double y = a.quarter & 1 ? cos_reduced(a.r) : sin_reduced(a.r);
  return a.quarter & 2 ? -y : y;
}

bool has_no_angle(double x) { return is_nan(x) || is_infinite(x); }

}  // namespace

double sin(double x) {
  if (has_no_angle(x)) return nan<double>();
  if (fabs(x) < 0x1p-27) return x;
  return sin_of(reduce(x));
}

double cos(double x) {
  if (has_no_angle(x)) return nan<double>();
  Angle a = reduce(x);
  ++a.quarter;
  return sin_of(a);
}

double tan(double x) {
  if (has_no_angle(x)) return nan<double>();
  if (fabs(x) < 0x1p-27) return x;
  const Angle a = reduce(x);
  const double s = sin_reduced(a.r), c = cos_reduced(a.r);
  return a.quarter & 1 ? -c / s : s / c;
}

namespace {
// A float cannot come so near to a multiple of pi/2 that 86 bits of it would not do; the result needs one double.
Angle reduce_float(double x) {
  if (fabs(x) >= 0x1p20) return reduce_large(x);
  const double n = round_half_even(x * 0x1.45f306dc9c883p-1);
  return {{(x - n * 0x1.921fb54400000p+0) - n * 0x1.0b4611a626331p-34, 0.0}, static_cast<uint32_t>(static_cast<int32_t>(n)) & 3u};
}
}  // namespace

float sin(float x) {
  if (has_no_angle(x) || x == 0.0f) return has_no_angle(x) ? nan<float>() : x;
  return static_cast<float>(sin_of(reduce_float(x)));
}
float cos(float x) {
  if (has_no_angle(x)) return nan<float>();
  Angle a = reduce_float(x);
  ++a.quarter;
  return static_cast<float>(sin_of(a));
}
float tan(float x) { return static_cast<float>(tan(static_cast<double>(x))); }

}  // namespace etc::math
