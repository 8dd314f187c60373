// The packed form of weights that the fast kernels read, f32 (some also bf16 and f16), the same for every CPU: panels of 16 outputs, each
// with the weights of all inputs one behind the other, so that a kernel reads a panel from its first byte to its last.
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

// The form for Winograd's F(2x2, 3x3): G g G^T of every 3 x 3 filter, each of its 16 numbers as panels [points][panels][channels][16].
// `weight` is any function of (output, ky, kx, channel). Computed in double.
template <class F>
void pack_winograd(int64_t n, int64_t channels, const F& weight, float* packed) {
  constexpr double kG[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  for (int64_t y = 0; y < 4; ++y)
    for (int64_t x = 0; x < 4; ++x) {
      const auto transformed = [&](int64_t output, int64_t channel) {
        double sum = 0;
        for (int64_t ky = 0; ky < 3; ++ky)
          for (int64_t kx = 0; kx < 3; ++kx) sum += kG[y][ky] * kG[x][kx] * static_cast<double>(weight(output, ky, kx, channel));
        return static_cast<float>(sum);
      };
      pack_panels(n, channels, transformed, packed);
      packed += panels_of(n) * channels * kPanel;
    }
}

}  // namespace etc::cpu
