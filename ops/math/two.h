// Numbers as the unevaluated sum of two doubles, about 106 bits: what the last half unit of log and pow is paid with.
#pragma once

#include "ops/math.h"

namespace etc::math {

struct Two {
  double high = 0, low = 0;
};

// Exactly a + b; |a| >= |b| or a == 0.
inline Two sum_ordered(double a, double b) {
  const double s = a + b;
  return {s, b - (s - a)};
}
// Exactly a + b.
inline Two sum(double a, double b) {
  const double s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}
// Exactly a b, by splitting each in halves of 26 bits (no fused multiply-add: not every target has one). |a|, |b| < 2^996.
inline Two product(double a, double b) {
  const double p = a * b;
  const double ta = a * 0x1.0000002p27, ah = ta - (ta - a), al = a - ah;
  const double tb = b * 0x1.0000002p27, bh = tb - (tb - b), bl = b - bh;
  return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
}
inline Two operator*(Two a, Two b) {
  Two p = product(a.high, b.high);
  p.low += a.high * b.low + a.low * b.high;
  return sum_ordered(p.high, p.low);
}
inline Two operator+(Two a, Two b) {
  Two s = sum(a.high, b.high);
  s.low += a.low + b.low;
  return sum_ordered(s.high, s.low);
}

// log(x) to 2^-68 of its value, for positive finite x.
Two log_two(double x);
// e^(x.high + x.low); saturates to 0 and infinity, keeps NaN. |x.low| is small beside 1.
double exp_two(Two x);

}  // namespace etc::math
