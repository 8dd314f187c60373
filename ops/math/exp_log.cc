// exp, log and pow of double and what follows from them. log is computed to about 68 bits, which makes log2, log10 and pow of exact
// cases exact.
#include "ops/math/two.h"

namespace etc::math {

namespace {

constexpr double kRound = 0x1.8p52;  // x + kRound holds round(x) in its low bits
constexpr double kLog2E = 0x1.71547652b82fep+0;
// ln 2 in three parts: the first times any exponent is exact.
constexpr double kLn2High = 0x1.62e42fefa0000p-1, kLn2Middle = 0x1.cf79abc9e3b3ap-40, kLn2Low = -0x1.ff0342542fc33p-94;

double power_of_two(int64_t n) { return from_bits(static_cast<uint64_t>(n + 1023) << 52); }

// y 2^n for y near 1: two steps, so that a subnormal result rounds once.
double scale(double y, int64_t n) {
  const int64_t half = n >> 1;
  return (y * power_of_two(half)) * power_of_two(n - half);
}

// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2: error of e^r 2^-64.
double exp_polynomial(double r) {
  constexpr double kC[] = {0.5,
                           0.16666666666666685,
                           0.04166666666666673,
                           0.00833333333331648,
                           0.001388888888885763,
                           0.00019841269897710414,
                           2.4801587375347883e-05,
                           2.7557233573928544e-06,
                           2.755723194688246e-07,
                           2.5112474639145207e-08,
                           2.092739705448542e-09};
  double p = kC[10];
  for (int i = 9; i >= 0; --i) p = p * r + kC[i];
  return p;
}

struct Reduced {
  Two r;
  int64_t n;
};
// x = n ln 2 + r for |x| < 2^10.
Reduced reduce(Two x) {
  const double shifted = x.high * kLog2E + kRound, n = shifted - kRound;
  const Two high = sum(x.high - n * kLn2High, x.low), r = sum(high.high, -(n * kLn2Middle));
  return {sum_ordered(r.high, r.low + high.low), static_cast<int64_t>(n)};
}

bool is_odd_integer(double x) {  // of finite x
  const double a = fabs(x);
  return a < 0x1p53 && trunc(a) == a && (static_cast<int64_t>(a) & 1) != 0;
}

}  // namespace

double exp_two(Two x) {
  if (is_nan(x.high)) return x.high;
  if (x.high > 710.0) return infinity<double>();
  if (x.high < -746.0) return 0.0;
  const Reduced a = reduce(x);
  const double r = a.r.high;
  return scale(1.0 + (r + (a.r.low + r * r * exp_polynomial(r))), a.n);
}

double exp(double x) { return exp_two({x, 0.0}); }

double exp2(double x) {
  if (x > 1024.0) return infinity<double>();
  if (x < -1076.0) return 0.0;
  if (is_nan(x)) return x;
  const double n = round_half_even(x);
  const Two r = product(x - n, 0x1.62e42fefa39efp-1);
  const double low = r.low + (x - n) * 0x1.abc9e3b39803fp-56;
  return scale(1.0 + (r.high + (low + r.high * r.high * exp_polynomial(r.high))), static_cast<int64_t>(n));
}

double expm1(double x) {
  if (fabs(x) < 0x1p-54 || is_nan(x)) return x;
  if (x > 710.0) return infinity<double>();
  if (x < -40.0) return -1.0;
  const Reduced a = reduce({x, 0.0});
  const double r = a.r.high, tail = a.r.low + r * r * exp_polynomial(r);
  // 2^n (1 - 2^-n + r + tail), with the rounding of the first sum put back
  const Two s = sum(a.n > 60 ? 1.0 : 1.0 - power_of_two(-a.n), r);
  return scale(s.high + (s.low + tail), a.n);
}

// x = c m 2^k with c 1 or 3/2 and |m - 1| < 1/4; log(m) = 2 atanh(s), s = (m - 1)/(m + 1), all in two doubles.
Two log_two(double x) {
  int64_t k = 0;
  if (x < 0x1p-1022) x *= 0x1p54, k = -54;
  const uint64_t u = bits_of(x);
  k += static_cast<int64_t>(u >> 52) - 1023;
  double m = from_bits((u & uint64_t{0xfffffffffffff}) | uint64_t{0x3ff0000000000000});
  if (m > 1.7320508075688772) m *= 0.5, ++k;
  const bool three_halves = m > 1.2247448713915890;
  const double c = three_halves ? 1.5 : 1.0;
  const double f = m - c;  // exact
  const Two g = sum(m, c);
  Two s;
  s.high = f / g.high;
  const Two p = product(s.high, g.high);
  s.low = ((f - p.high) - p.low - s.high * g.low) / g.high;
  const Two z = s * s;
  // (atanh(s)/s - 1 - z/3) / z^2 for z <= 0.0103: error 2^-71 of the logarithm
  double q = 0.0690093462514895;
  q = q * z.high + 0.07688636969695467;
  q = q * z.high + 0.09090938098757317;
  q = q * z.high + 0.11111110990451616;
  q = q * z.high + 0.14285714285960446;
  q = q * z.high + 0.19999999999999812;
  const Two third = z * Two{0x1.5555555555555p-2, 0x1.5555555555555p-56};
  const Two v = s * sum_ordered(third.high, third.low + z.high * z.high * q);
  Two y = s + v;
  y = {2.0 * y.high, 2.0 * y.low};
  if (three_halves) y = Two{0x1.9f323ecbf984cp-2, -0x1.a92e513217f5cp-59} + y;
  if (k == 0) return y;
  const double n = static_cast<double>(k);
  return sum(n * kLn2High, 0.0) + (product(n, kLn2Middle) + y) + Two{n * kLn2Low, 0.0};
}

namespace {
// f(log x), with the cases that have none.
template <class F>
double with_log(double x, F f) {
  if (x == 0.0) return -infinity<double>();
  if (!(x > 0.0)) return nan<double>();
  if (x == infinity<double>()) return x;
  return f(log_two(x));
}
}  // namespace

double log(double x) {
  return with_log(x, [](Two y) { return y.high; });
}
double log2(double x) {
  return with_log(x, [](Two y) { return (y * Two{0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56}).high; });
}
double log10(double x) {
  return with_log(x, [](Two y) { return (y * Two{0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57}).high; });
}

double log1p(double x) {
  if (fabs(x) < 0x1p-54) return x;
  if (!(x > -1.0)) return x == -1.0 ? -infinity<double>() : nan<double>();
  if (x == infinity<double>()) return x;
  const Two u = sum(1.0, x);
  const Two y = log_two(u.high);
  return y.high + (y.low + u.low / u.high);
}

double pow(double x, double y) {
  if (y == 0.0 || x == 1.0) return 1.0;
  if (is_nan(x) || is_nan(y)) return x + y;
  const double a = fabs(x);
  if (is_infinite(y)) return a == 1.0 ? 1.0 : (a > 1.0) == (y > 0.0) ? infinity<double>() : 0.0;
  const bool negative = is_negative(x) && is_odd_integer(y);
  if (a == 0.0 || is_infinite(a)) {
    const double limit = (a == 0.0) == (y > 0.0) ? 0.0 : infinity<double>();
    return negative ? -limit : limit;
  }
  if (x < 0.0 && trunc(y) != y) return nan<double>();
  const double limited = y > 0x1p70 ? 0x1p70 : y < -0x1p70 ? -0x1p70 : y;  // over- or underflows either way
  const double result = exp_two(log_two(a) * Two{limited, 0.0});
  return negative ? -result : result;
}

double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

float log10(float x) { return static_cast<float>(log10(static_cast<double>(x))); }
float pow(float x, float y) { return static_cast<float>(pow(static_cast<double>(x), static_cast<double>(y))); }

}  // namespace etc::math
