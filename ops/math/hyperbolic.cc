// The hyperbolic functions of double and their inverses, from expm1 and log1p; float goes through them.
#include "ops/math/two.h"

namespace etc::math {

namespace {
constexpr double kLn2 = 0x1.62e42fefa39efp-1;
}

double sinh(double x) {
  const double a = fabs(x);
  if (is_nan(x) || is_infinite(x)) return x;
  double y;
  if (a < 22.0) {
    const double e = expm1(a);
    y = a < 1.0 ? 0.5 * (2.0 * e - e * e / (e + 1.0)) : 0.5 * (e + e / (e + 1.0));
  } else {
    const double root = exp(0.5 * a);  // e^a may overflow where half of it does not
    y = a < 700.0 ? 0.5 * exp(a) : (0.5 * root) * root;
  }
  return copysign(y, x);
}

double cosh(double x) {
  const double a = fabs(x);
  if (is_nan(x) || is_infinite(x)) return a;
  if (a < 0.34) {
    const double e = expm1(a);
    return 1.0 + e * e / (2.0 * (1.0 + e));
  }
  if (a < 22.0) {
    const double e = exp(a);
    return 0.5 * e + 0.5 / e;
  }
  if (a < 700.0) return 0.5 * exp(a);
  const double root = exp(0.5 * a);
  return (0.5 * root) * root;
}

double tanh(double x) {
  if (is_nan(x)) return x;
  const double a = fabs(x);
  if (a >= 22.0) return copysign(1.0, x);
  if (a >= 1.0) return copysign(1.0 - 2.0 / (expm1(2.0 * a) + 2.0), x);
  const double e = expm1(-2.0 * a);
  return copysign(-e / (e + 2.0), x);
}

double asinh(double x) {
  const double a = fabs(x);
  if (is_nan(x) || is_infinite(x) || a < 0x1p-27) return x;
  double y;
  if (a > 0x1p28) {
    y = log(a) + kLn2;
  } else if (a > 2.0) {
    y = log(2.0 * a + 1.0 / (sqrt(a * a + 1.0) + a));
  } else {
    y = log1p(a + a * a / (1.0 + sqrt(a * a + 1.0)));
  }
  return copysign(y, x);
}

double acosh(double x) {
  if (!(x >= 1.0)) return nan<double>();
  if (x > 0x1p28) return log(x) + kLn2;
  if (x > 2.0) return log(2.0 * x - 1.0 / (x + sqrt(x * x - 1.0)));
  const double t = x - 1.0;
  return log1p(t + sqrt(2.0 * t + t * t));
}

double atanh(double x) {
  const double a = fabs(x);
  if (a < 0x1p-27) return x;
  if (!(a <= 1.0)) return nan<double>();
  const double t = a + a;
  return copysign(0.5 * log1p(a < 0.5 ? t + t * a / (1.0 - a) : t / (1.0 - a)), x);
}

float sinh(float x) { return static_cast<float>(sinh(static_cast<double>(x))); }
float cosh(float x) { return static_cast<float>(cosh(static_cast<double>(x))); }
float asinh(float x) { return static_cast<float>(asinh(static_cast<double>(x))); }
float acosh(float x) { return static_cast<float>(acosh(static_cast<double>(x))); }
float atanh(float x) { return static_cast<float>(atanh(static_cast<double>(x))); }

}  // namespace etc::math
