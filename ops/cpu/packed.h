// The packed form of weights that the fast kernels read, f32, the same for every CPU: panels of 16 outputs, each with the weights of all
// inputs one behind the other, so that a kernel reads a panel from its first byte to its last.
//
//   weight [n, k]  ->  [ceil(n / 16), k, 16]           outputs beyond n are zeros
//   k counts the inputs of one output: of a convolution [kh, kw, channels], channels fastest
//
// Plain C++, for the compiler on any host and for whatever CPU it compiles.
#pragma once

#include <cstddef>
#include <cstdint>

namespace etc::cpu {

constexpr int64_t kPanel = 16;

constexpr int64_t panels_of(int64_t n) { return n / kPanel + (n % kPanel != 0); }

// packed[p][i][j] = weight(p * kPanel + j, i) for all i < k; `weight` is any function of (output, input).
template <class F>
void pack_panels(int64_t n, int64_t k, const F& weight, float* packed) {
  for (int64_t p = 0; p < panels_of(n); ++p)
    for (int64_t i = 0; i < k; ++i)
      for (int64_t j = 0; j < kPanel; ++j) *packed++ = p * kPanel + j < n ? weight(p * kPanel + j, i) : 0.0f;
}

}  // namespace etc::cpu
