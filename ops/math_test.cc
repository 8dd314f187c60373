// The judge is the C library in long double (float: double): errors in units in the last place over arguments of every magnitude.
#include "ops/math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace etc {
namespace {

// Distance of y from the exact value t in units of the last place of T around t; a wrong infinity, NaN or sign of zero is far away.
template <class T, class Wide>
double ulps(T y, Wide t) {
  const T rounded = static_cast<T>(t);
  if (std::isnan(rounded)) return std::isnan(y) ? 0 : 1e9;
  if (std::isinf(rounded) || std::isinf(y)) return y == rounded ? 0 : 1e9;
  if (t == 0) return y == 0 && std::signbit(y) == std::signbit(rounded) ? 0 : 1e9;
  using Traits = math::FloatTraits<T>;
  const int exponent = std::max<int>(std::ilogb(t), 1 - Traits::kBias) - Traits::kMantissa;
  return static_cast<double>(std::fabs(static_cast<Wide>(y) - t) / std::ldexp(Wide{1}, exponent));
}

template <class T>
const std::vector<T>& specials() {
  const T inf = math::infinity<T>(), nan = math::nan<T>(), tiny = math::from_bits(typename math::FloatTraits<T>::Bits{1});
  const T normal = std::numeric_limits<T>::min(), big = std::numeric_limits<T>::max(), eps = std::numeric_limits<T>::epsilon();
  static const std::vector<T> list = {0,
                                      -T{0},
                                      1,
                                      -1,
                                      2,
                                      -2,
                                      T(0.5),
                                      T(-0.5),
                                      T(1.5),
                                      T(2.5),
                                      3,
                                      10,
                                      100,
                                      1000,
                                      -3,
                                      inf,
                                      -inf,
                                      nan,
                                      tiny,
                                      -tiny,
                                      normal,
                                      -normal,
                                      big,
                                      -big,
                                      1 + eps,
                                      1 - eps / 2,
                                      -1 - eps,
                                      T(1e5),
                                      T(1e7),
                                      T(3.14159265358979323846),
                                      T(1.57079632679489661923),
                                      T(6381956970095103.0),
                                      T(1e22),
                                      T(88.72),
                                      T(-87.4),
                                      T(709.78),
                                      T(-745.1)};
  return list;
}

// Specials, every magnitude (random bits) and values around one.
template <class T>
std::vector<T> arguments(int count) {
  std::vector<T> xs = specials<T>();
  std::mt19937_64 random(1);
  for (int i = 0; i < count; ++i) {
    xs.push_back(math::from_bits(static_cast<typename math::FloatTraits<T>::Bits>(random())));
    xs.push_back(static_cast<T>(std::uniform_real_distribution<double>(-2, 2)(random)));
    xs.push_back(static_cast<T>(std::uniform_real_distribution<double>(-30, 30)(random)));
    xs.push_back(static_cast<T>(std::uniform_real_distribution<double>(-800, 800)(random)));
    xs.push_back(static_cast<T>(std::ldexp(std::uniform_real_distribution<double>(-2, 2)(random), -static_cast<int>(random() % 60))));
  }
  return xs;
}

template <class T, class Wide>
void expect_close(const std::string& name, T (*ours)(T), Wide (*judge)(Wide), double limit) {
  double worst = 0;
  T at = 0;
  for (T x : arguments<T>(20000)) {
    const double e = ulps(ours(x), judge(static_cast<Wide>(x)));
    if (!(e <= worst)) worst = e, at = x;
  }
  EXPECT_LE(worst, limit) << name << " at " << std::hexfloat << at << ": " << ours(at) << " instead of " << static_cast<T>(judge(at));
}

template <class T, class Wide>
void expect_close(const std::string& name, T (*ours)(T, T), Wide (*judge)(Wide, Wide), double limit) {
  double worst = 0;
  T at = 0, and_at = 0;
  auto look = [&](T x, T y) {
    const double e = ulps(ours(x, y), judge(static_cast<Wide>(x), static_cast<Wide>(y)));
    if (!(e <= worst)) worst = e, at = x, and_at = y;
  };
  for (T x : specials<T>())
    for (T y : specials<T>()) look(x, y);
  std::vector<T> xs = arguments<T>(10000), ys = xs;
  std::shuffle(ys.begin(), ys.end(), std::mt19937(2));
  for (size_t i = 0; i < xs.size(); ++i) look(xs[i], ys[i]), look(std::fabs(xs[i]), ys[i]);
  EXPECT_LE(worst, limit) << name << " at " << std::hexfloat << at << ", " << and_at << ": " << ours(at, and_at) << " instead of "
                          << static_cast<T>(judge(at, and_at));
}

long double sigmoid_judge(long double x) { return 1 / (1 + std::exp(-x)); }

template <class T>
using One = T (*)(T);
template <class T>
using Two = T (*)(T, T);

#define ETC_CHECK_DOUBLE(f, limit) \
  TEST(Math, Double_##f) { expect_close<double, long double>(#f, One<double>(math::f), One<long double>(std::f), limit); }
#define ETC_CHECK_FLOAT(f, limit) \
  TEST(Math, Float_##f) { expect_close<float, double>(#f, One<float>(math::f), One<double>(std::f), limit); }
#define ETC_CHECK(f, double_limit, float_limit) ETC_CHECK_DOUBLE(f, double_limit) ETC_CHECK_FLOAT(f, float_limit)
ETC_CHECK(exp, 1, 1.1)
ETC_CHECK(exp2, 1, 1.1)
ETC_CHECK(expm1, 1, 1.5)
ETC_CHECK(log, 0.51, 1)
ETC_CHECK(log2, 0.51, 2)
ETC_CHECK(log10, 0.51, 0.51)
ETC_CHECK(log1p, 1, 1.5)
ETC_CHECK(sin, 1, 0.51)
ETC_CHECK(cos, 1, 0.51)
ETC_CHECK(tan, 2, 0.51)
ETC_CHECK(asin, 1, 0.51)
ETC_CHECK(acos, 1, 0.51)
ETC_CHECK(atan, 1, 0.51)
ETC_CHECK(sinh, 2, 0.51)
ETC_CHECK(cosh, 2, 0.51)
ETC_CHECK(tanh, 2.5, 1.5)
ETC_CHECK(asinh, 2, 0.51)
ETC_CHECK(acosh, 2, 0.51)
ETC_CHECK(atanh, 2, 0.51)
ETC_CHECK(erf, 1, 1.5)
ETC_CHECK(erfc, 2.5, 0.51)
ETC_CHECK(sqrt, 0.5, 0.5)
ETC_CHECK(floor, 0, 0)
ETC_CHECK(ceil, 0, 0)
ETC_CHECK(trunc, 0, 0)

#define ETC_CHECK_2(f, double_limit, float_limit)                                                        \
  TEST(Math, Two_##f) {                                                                                  \
    expect_close<double, long double>(#f, Two<double>(math::f), Two<long double>(std::f), double_limit); \
    expect_close<float, double>(#f, Two<float>(math::f), Two<double>(std::f), float_limit);              \
  }
ETC_CHECK_2(pow, 1, 0.51)
ETC_CHECK_2(atan2, 2, 0.51)
ETC_CHECK_2(fmod, 0, 0)
ETC_CHECK_2(hypot, 1.2, 0.51)

TEST(Math, RoundsHalfToEven) {
  for (double x : arguments<double>(20000)) EXPECT_EQ(ulps(math::round_half_even(x), std::nearbyint(static_cast<long double>(x))), 0) << x;
  for (float x : arguments<float>(20000)) EXPECT_EQ(ulps(math::round_half_even(x), std::nearbyint(static_cast<double>(x))), 0) << x;
}

TEST(Math, SigmoidIsAccurateWhereItsExponentialIsFinite) {
  for (double x = -700; x < 700; x += 0.37) EXPECT_LE(ulps(math::sigmoid(x), sigmoid_judge(x)), 2) << x;
  for (float x = -87; x < 90; x += 0.037f) EXPECT_LE(ulps(math::sigmoid(x), sigmoid_judge(x)), 3) << x;
  EXPECT_EQ(math::sigmoid(-math::infinity<float>()), 0);
  EXPECT_EQ(math::sigmoid(math::infinity<float>()), 1);
}

TEST(Math, PowersOfExactCasesAreExact) {
  for (int n = -1074; n < 1024; ++n) EXPECT_EQ(math::log2(std::ldexp(1.0, n)), n);
  for (int n = 0; n < 23; ++n) EXPECT_EQ(math::log10(std::pow(10.0, n)), n);
  for (int x = -9; x < 10; ++x)
    for (int n = 0; n < 16; ++n) EXPECT_EQ(math::pow(static_cast<double>(x), static_cast<double>(n)), std::pow(static_cast<double>(x), n));
}

}  // namespace
}  // namespace etc
