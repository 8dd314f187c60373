// asin, acos, atan and atan2 of double; float goes through them.
#include "ops/math/two.h"

namespace etc::math {

namespace {

constexpr Two kPi = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};
constexpr Two kPiOver2 = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
constexpr double kPiOver4 = 0x1.921fb54442d18p-1;

// (asin(x)/x - 1) for x^2 = z <= 1/4: error 2^-64.
double asin_tail(double z) {
  constexpr double kC[] = {0.1666666666666666,    0.0750000000000256,   0.04464285713965786,   0.03038194464634425,  0.022372151548342715,
                           0.017352946379145823,  0.013961859178208825, 0.011586109597695425,  0.009481086041536503, 0.010023684841033019,
                           0.0006353676480436813, 0.024929381103578153, -0.026283006527118527, 0.03372108246992621};
  double p = kC[13];
  for (int i = 12; i >= 0; --i) p = p * z + kC[i];
  return z * p;
}

// (atan(x)/x - 1) for |x| <= 7/16: error 2^-62.
double atan_tail(double z) {
  constexpr double kC[] = {-0.33333333333333315,  0.19999999999993054, -0.14285714284841416, 0.11111111056026729,
                           -0.09090907049549984,  0.07692259377634021, -0.06665900496296104, 0.05874000476832472,
                           -0.051999959238646525, 0.04432634432238741, -0.03190880955330505, 0.013685729095613986};
  double p = kC[11];
  for (int i = 10; i >= 0; --i) p = p * z + kC[i];
  return z * p;
}

// sqrt(t) = high + low, high with 26 bits.
Two root(double t) {
  const double s = sqrt(t), high = from_bits(bits_of(s) & uint64_t{0xfffffffff8000000});
  return {high, s == 0.0 ? 0.0 : (t - high * high) / (s + high)};
}

}  // namespace

double asin(double x) {
  const double a = fabs(x);
  if (!(a <= 1.0)) return nan<double>();
  if (a < 0.5) return a < 0x1p-27 ? x : x + x * asin_tail(x * x);
  // pi/2 - 2 asin(sqrt((1 - a)/2)), as a sum around pi/4
  const double t = 0.5 * (1.0 - a), tail = asin_tail(t);
  const Two s = root(t);
  const double p = 2.0 * (s.high + s.low) * tail - (kPiOver2.low - 2.0 * s.low);
  const double y = kPiOver4 - (p - (kPiOver4 - 2.0 * s.high));
  return copysign(y, x);
}

double acos(double x) {
  const double a = fabs(x);
  if (!(a <= 1.0)) return nan<double>();
  if (a < 0.5) return kPiOver2.high - (x - (kPiOver2.low - x * asin_tail(x * x)));
  const double t = 0.5 * (1.0 - a), tail = asin_tail(t);
  const Two s = root(t);
  const double half = s.high + (s.low + (s.high + s.low) * tail);
  return x > 0.0 ? 2.0 * half : kPi.high - 2.0 * (s.high + ((s.low + (s.high + s.low) * tail) - kPiOver2.low));
}

double atan(double x) {
  const double a = fabs(x);
  if (is_nan(x)) return x;
  if (a < 0x1p-27) return x;
  if (a < 0.4375) return x + x * atan_tail(x * x);
  // atan(a) = atan(c) + atan((a - c)/(1 + a c)) with c 1/2, 1, 3/2 or infinity
  double t;
  Two base;
  if (a < 0.6875) {
    t = (2.0 * a - 1.0) / (2.0 + a), base = {0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56};
  } else if (a < 1.1875) {
    t = (a - 1.0) / (a + 1.0), base = {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55};
  } else if (a < 2.4375) {
    t = (a - 1.5) / (1.0 + 1.5 * a), base = {0x1.f730bd281f69bp-1, 0x1.007887af0cbbdp-56};
  } else {
    t = -1.0 / a, base = kPiOver2;
  }
  return copysign(base.high - ((-t * atan_tail(t * t) - base.low) - t), x);
}

double atan2(double y, double x) {
  if (is_nan(x) || is_nan(y)) return x + y;
  const double ax = fabs(x), ay = fabs(y);
  double angle;  // of (|x|, |y|)
  if (ay == 0.0) {
    angle = 0.0;
  } else if (is_infinite(ax) || is_infinite(ay)) {
    angle = !is_infinite(ay) ? 0.0 : is_infinite(ax) ? kPiOver4 : kPiOver2.high;
  } else {
    const double q = ay / ax;  // infinite for x = 0: pi/2
    angle = atan(q);
  }
  if (is_negative(x)) angle = kPi.high - (angle - kPi.low);
  return copysign(angle, y);
}

float asin(float x) { return static_cast<float>(asin(static_cast<double>(x))); }
float acos(float x) { return static_cast<float>(acos(static_cast<double>(x))); }
float atan(float x) { return static_cast<float>(atan(static_cast<double>(x))); }
float atan2(float y, float x) { return static_cast<float>(atan2(static_cast<double>(y), static_cast<double>(x))); }

}  // namespace etc::math
