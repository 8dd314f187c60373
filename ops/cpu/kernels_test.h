// What tests of kernels share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "ops/cpu/kernels.h"

namespace etc::cpu {

struct Kind {
  const char* name;
  const Kernels* kernels;
};
// What this machine can run.
inline std::vector<Kind> kinds() {
  std::vector<Kind> all = {{"baseline", &kBaselineKernels}};
#if defined(__x86_64__)
  if (has_avx2_kernels()) all.push_back({"avx2", &kAvx2Kernels});
  if (&kernels() == &kAvx512Kernels) all.push_back({"avx512", &kAvx512Kernels});
#endif
  return all;
}

inline std::vector<float> randoms(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> v(n);
  for (float& x : v) x = normal(random);
  return v;
}

inline double activated(Activation a, double x) {
  switch (a) {
    case Activation::None: return x;
    case Activation::Relu: return std::max(x, 0.0);
    case Activation::Relu6: return std::clamp(x, 0.0, 6.0);
    case Activation::Hardsigmoid: return std::clamp(x + 3, 0.0, 6.0) / 6;
    case Activation::Hardswish: return x * std::clamp(x + 3, 0.0, 6.0) / 6;
    case Activation::Sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::Silu: return x / (1 + std::exp(-x));
    case Activation::Tanh: return std::tanh(x);
    case Activation::Gelu: return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::GeluTanh: return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  }
  return NAN;
}

constexpr float kUntouched = 12345;

}  // namespace etc::cpu
