// Elementary functions for kernels, the same bits on every target: plain IEEE operations, never libm, never a contracted multiply-add.
// float within about 2 units in the last place, double within about 1. What loops run in float often is inline and free of branches, so
// that it vectorises; the rest is in ops/math/*.cc, where float goes through double.
#pragma once

#include "ops/math/float.h"
#include "ops/math/rounding.h"

namespace etc::math {

double exp(double x);
double exp2(double x);
double expm1(double x);
double log(double x);
double log2(double x);
double log10(double x);
double log1p(double x);
double pow(double x, double y);

double sin(double x);
double cos(double x);
double tan(double x);
double asin(double x);
double acos(double x);
double atan(double x);
double atan2(double y, double x);

double sinh(double x);
double cosh(double x);
double tanh(double x);
double asinh(double x);
double acosh(double x);
double atanh(double x);

double erf(double x);
double erfc(double x);
double sigmoid(double x);  // 1 / (1 + e^-x)

// C's fmod: exact, the sign of x; NaN for an infinite x or a zero y.
double fmod(double x, double y);
double hypot(double x, double y);

// In float.h: exp, exp2, expm1, log, log1p, log2, tanh, erf, sigmoid.
float log10(float x);
float pow(float x, float y);
float sin(float x);
float cos(float x);
float tan(float x);
float asin(float x);
float acos(float x);
float atan(float x);
float atan2(float y, float x);
float sinh(float x);
float cosh(float x);
float asinh(float x);
float acosh(float x);
float atanh(float x);
float erfc(float x);
float fmod(float x, float y);
float hypot(float x, float y);

}  // namespace etc::math
