// The error function of double and its complement; float erfc goes through it.
#include "ops/math/two.h"

namespace etc::math {

namespace {

constexpr double kErf1 = 0x1.af767a741088bp-1;  // erf(1), rounded

// erf(a)/a - 1 in z = a^2, a <= 0.84375: error 2^-62.
double small(double z) {
  constexpr double kC[] = {0.1283791670955126,     -0.3761263890318375,     0.1128379167095475,     -0.026866170645032432,
                           0.005223977624096891,   -0.0008548326915310779,  0.00012055327464605955, -1.4925464707404588e-05,
                           1.6457933518476465e-06, -1.6303295703993155e-07, 1.4206781303059335e-08, -8.882732506110574e-10};
  double p = kC[11];
  for (int i = 10; i >= 0; --i) p = p * z + kC[i];
  return p;
}

// erf(1 + s) - kErf1, s in [-0.15625, 0.25]: error 2^-61.
double middle(double s) {
  constexpr double kC[] = {-2.5277591916463106e-17, 0.4151074974205947,     -0.4151074974205935,   0.1383691658068649,
                           0.0691845829029396,      -0.06918458290258914,   0.00461230560131508,   0.015154717928342717,
                           -0.00477703573313103,    -0.0018851659514608056, 0.0012264302550663274, 8.461374279663193e-05,
                           -0.00020078232270388617, 3.180099551023795e-05};
  double p = kC[13];
  for (int i = 12; i >= 0; --i) p = p * s + kC[i];
  return p;
}

// erfc(a) = e^(-a^2 - 0.5625 + G(1/a^2)) / a for a in [1.25, 28]; G as quotients of polynomials, error 2^-57.
double large_complement(double a) {
  constexpr double kNear[2][8] = {{-0.009864945702027752, -0.675251941056957, -9.344686360658606, -48.492726571696544, -106.42379160471985,
                                   -96.10972619506336, -30.48971818220181, -2.165160757131283},
                                  {1.0, 17.765148476390724, 110.19854595918393, 299.5733735337185, 368.2965843059902, 190.90290410337604,
                                   34.07822276549029, 1.1921519130620846}};
  constexpr double kFar[2][7] = {
      {-0.009864942924700188, -0.7636934005918344, -15.17541588810029, -117.80723078120833, -380.751076139497, -456.68485937062616,
       -133.31367551391958},
      {1.0, 26.730352380622524, 246.85796119870332, 967.3703981732214, 1587.2806558934958, 913.0115609020554, 105.1248001051497}};
  const double t = 1.0 / (a * a);
  double p, q;
  if (a < 2.857) {
    p = kNear[0][7], q = kNear[1][7];
    for (int i = 6; i >= 0; --i) p = p * t + kNear[0][i], q = q * t + kNear[1][i];
  } else {
    p = kFar[0][6], q = kFar[1][6];
    for (int i = 5; i >= 0; --i) p = p * t + kFar[0][i], q = q * t + kFar[1][i];
  }
  const Two square = product(a, a), e = sum(-square.high, -0.5625 + p / q);
  return exp_two({e.high, e.low - square.low}) / a;
}

}  // namespace

double erf(double x) {
  if (is_nan(x)) return x;
  const double a = fabs(x);
  if (a < 0.84375) return x + x * small(x * x);
  if (a < 1.25) return copysign(kErf1 + middle(a - 1.0), x);
  return copysign(a < 6.0 ? 1.0 - large_complement(a) : 1.0, x);
}

double erfc(double x) {
  if (is_nan(x)) return x;
  const double a = fabs(x);
  if (a < 0.84375) {
    const double y = small(x * x);
    return x < 0.25 ? 1.0 - (x + x * y) : 0.5 - ((x - 0.5) + x * y);
  }
  if (a < 1.25) return x < 0.0 ? 1.0 + (kErf1 + middle(a - 1.0)) : (1.0 - kErf1) - middle(a - 1.0);
  if (x < 0.0) return a < 6.0 ? 2.0 - large_complement(a) : 2.0;
  return a < 28.0 ? large_complement(a) : 0.0;
}

float erfc(float x) { return static_cast<float>(erfc(static_cast<double>(x))); }

}  // namespace etc::math
