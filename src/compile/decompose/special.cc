// Special functions of mathematics. Those that need many digits inside (the gamma family) are computed in double.
#include <cmath>
#include <limits>
#include <numbers>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kPi = std::numbers::pi;

// f of the first argument in double; integers give F32.
template <class F>
Results in_double(Builder& b, const Call& c, F f) {
  const Term x = term(b, c, 0);
  return {cast(f(cast(x, DType::F64)), is_floating(x->type.dtype) ? x->type.dtype : DType::F32)};
}

// c[0] + c[1] x + c[2] x^2 + …
Term polynomial(const Term& x, std::initializer_list<double> coefficients) {
  const auto* c = coefficients.end();
  Term sum = x * *--c;
  while (--c != coefficients.begin()) sum = (sum + *c) * x;
  return sum + *c;
}

// Giles' rational approximations, as PyTorch has them, and two steps of Newton's method.
Term erfinv(const Term& y) {
  const Term square = y * y;
  const Term inside = y * polynomial(square, {0.886226899, -1.645349621, 0.914624893, -0.140543331}) /
                      polynomial(square, {1, -2.118377725, 1.442710462, -0.329097515, 0.012229801});
  const Term z = sqrt(-log((1 - abs(y)) / 2));
  const Term tail = polynomial(z, {-1.970840454, -1.624906493, 3.429567803, 1.641345311}) / polynomial(z, {1, 3.543889200, 1.637067800});
  Term x = where(le(abs(y), 0.7), inside, apply("aten::copysign.Tensor", {tail, y}));
  for (int step = 0; step < 2; ++step) x = x - (apply("aten::erf", {x}) - y) / (exp(-(x * x)) * (2 / std::sqrt(kPi)));
  return where(eq(abs(y), 1), y * kInfinity, where(gt(abs(y), 1), kNan, x));
}

// Fractional part in [0, 1): sin(pi x) vanishes exactly at the integers.
Term fraction(const Term& x) { return x - apply("aten::floor", {x}); }

// Lanczos' approximation with g = 7 for x >= 1/2, the reflection formula below.
Term lgamma(const Term& x) {
  constexpr double kG = 7;
  constexpr double kCoefficients[] = {676.5203681218851,  -1259.1392167224028,  771.32342877765313,    -176.61502916214059,
                                      12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7};
  const Term reflected = lt(x, 0.5), z = where(reflected, 1 - x, x) - 1;
  Term sum = 0.99999999999980993 + kCoefficients[0] / (z + 1);
  for (int i = 1; i < 8; ++i) sum = sum + kCoefficients[i] / (z + (i + 1));
  const Term t = z + (kG + 0.5);
  const Term positive = (z + 0.5) * log(t) - t + log(sum) + 0.5 * std::log(2 * kPi);
  const Term sine = apply("aten::sin", {fraction(x) * kPi});
  return where(eq(abs(x), kInfinity), kInfinity, where(reflected, log(kPi / sine) - positive, positive));
}

// The recurrence moves x beyond 10, where the asymptotic series holds; below zero the reflection formula.
Term digamma(const Term& x) {
  const Term reflected = lt(x, 0);
  Term y = where(reflected, 1 - x, x), sum = y * 0;
  for (int i = 0; i < 10; ++i) sum = sum - 1.0 / (y + i);
  y = y + 10;
  const Term s = 1.0 / (y * y);
  const Term series =
      polynomial(s, {0, 8.33333333333333333333e-2, -8.33333333333333333333e-3, 3.96825396825396825397e-3, -4.16666666666666666667e-3,
                     7.57575757575757575758e-3, -2.10927960927960927961e-2, 8.33333333333333333333e-2});
  const Term positive = sum + log(y) - 0.5 / y - series;
  const Term r = fraction(x);
  const Term negative = where(eq(r, 0), kNan, positive - kPi / apply("aten::tan", {r * kPi}));
  const Term pole = apply("aten::copysign.Tensor", {x * 0 + kInfinity, -x});
  return where(eq(x, 0), pole, where(eq(x, kInfinity), kInfinity, where(reflected, negative, positive)));
}

Term normal_distribution(const Term& x) { return apply("aten::erfc", {x * -std::numbers::sqrt2 / 2}) * 0.5; }
Term entropy(const Term& x) { return where(eq(x, 0), 0.0, where(lt(x, 0), -kInfinity, -x * log(x))); }

template <Term (*f)(const Term&)>
Results special(Builder& b, const Call& c) {
  return in_double(b, c, f);
}

}  // namespace

std::vector<Decomposition> special_decompositions() {
  return {
      {"aten::erfinv(Tensor self) -> Tensor", special<erfinv>},
      {"aten::special_erfinv(Tensor self) -> Tensor", special<erfinv>},
      {"aten::lgamma(Tensor self) -> Tensor", special<lgamma>},
      {"aten::special_gammaln(Tensor self) -> Tensor", special<lgamma>},
      {"aten::digamma(Tensor self) -> Tensor", special<digamma>},
      {"aten::special_digamma(Tensor self) -> Tensor", special<digamma>},
      {"aten::special_psi(Tensor self) -> Tensor", special<digamma>},
      {"aten::special_ndtr(Tensor self) -> Tensor", special<normal_distribution>},
      {"aten::special_entr(Tensor self) -> Tensor", special<entropy>},
  };
}

}  // namespace etc::compile
