// fmod and hypot.
#include "ops/math.h"

namespace etc::math {

namespace {

// The remainder of two positive finite numbers in integers: both as mantissa times a power of two, then long division by as many bits
// as a word has room for.
template <class T>
T remainder_of(T x, T y) {
  using Traits = FloatTraits<T>;
  using Bits = typename Traits::Bits;
  constexpr int kRoom = static_cast<int>(sizeof(Bits)) * 8 - Traits::kMantissa - 1;
  constexpr Bits kHidden = Bits{1} << Traits::kMantissa;
  const Bits ux = bits_of(x), uy = bits_of(y);
  const int ex = static_cast<int>(ux >> Traits::kMantissa), ey = static_cast<int>(uy >> Traits::kMantissa);
  Bits mx = ux & (kHidden - 1), my = uy & (kHidden - 1);
  int kx = ex ? ex : 1, ky = ey ? ey : 1;  // subnormals share the lowest exponent
  if (ex) mx |= kHidden;
  if (ey) my |= kHidden;
  if (kx < ky) return x;
  mx %= my;
  while (kx > ky && mx) {
    const int step = kx - ky < kRoom ? kx - ky : kRoom;
    mx = (mx << step) % my;
    kx -= step;
  }
  if (!mx) return T{0};
  int k = ky;
  while (!(mx & kHidden) && k > 1) mx <<= 1, --k;
  return from_bits(static_cast<Bits>(mx & kHidden ? (mx & (kHidden - 1)) | (static_cast<Bits>(k) << Traits::kMantissa) : mx));
}

template <class T>
T fmod_of(T x, T y) {
  const T a = fabs(x), b = fabs(y);
  if (is_nan(x) || is_nan(y)) return x + y;
  if (is_infinite(x) || b == T{0}) return nan<T>();
  if (a < b) return x;
  return copysign(remainder_of(a, b), x);
}

}  // namespace

double fmod(double x, double y) { return fmod_of(x, y); }
float fmod(float x, float y) { return fmod_of(x, y); }

double hypot(double x, double y) {
  double a = fabs(x), b = fabs(y);
  if (is_infinite(a) || is_infinite(b)) return infinity<double>();
  if (is_nan(a) || is_nan(b)) return x + y;
  if (a < b) {
    const double t = a;
    a = b, b = t;
  }
  if (b < a * 0x1p-60) return a;
  const double scale = a > 0x1p500 ? 0x1p-600 : b < 0x1p-500 ? 0x1p600 : 1.0;
  a *= scale, b *= scale;
  return sqrt(a * a + b * b) / scale;
}
float hypot(float x, float y) {
  if (is_infinite(x) || is_infinite(y)) return infinity<float>();
  const double a = x, b = y;
  return static_cast<float>(sqrt(a * a + b * b));
}

}  // namespace etc::math
