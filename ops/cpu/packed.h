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

// Winograd's F(m x m, 3 x 3) makes m x m results of (m + 2) x (m + 2) pixels by as many products; m is 2 or 4. Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks".
constexpr int64_t winograd_points(int64_t m) { return (m + 2) * (m + 2); }

// The points of m = 4 besides 0 and infinity are +-sqrt(1/2) and +-sqrt(2): with +-1 and +-2 errors are four times as large.
constexpr double kWinogradNear = 0.70710678118654752, kWinogradFar = 1.41421356237309505;

// The packed form for it: G g G^T of every 3 x 3 filter, each of its numbers as panels [points][panels][channels][16]. `weight` is any
// function of (output, ky, kx, channel). Computed in double.
template <class F>
void pack_winograd(int64_t m, int64_t n, int64_t channels, const F& weight, float* packed) {
  constexpr double a = kWinogradNear, b = kWinogradFar;
  constexpr double kTwo[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  constexpr double kFour[6][3] = {{1, 0, 0},
                                  {-2 / 3.0, -2 / 3.0 * a, -1 / 3.0},
                                  {-2 / 3.0, 2 / 3.0 * a, -1 / 3.0},
                                  {1 / 6.0, 1 / 6.0 * b, 1 / 3.0},
                                  {1 / 6.0, -1 / 6.0 * b, 1 / 3.0},
                                  {0, 0, 1}};
  const double(*g)[3] = m == 4 ? kFour : kTwo;
  for (int64_t y = 0; y < m + 2; ++y)
    for (int64_t x = 0; x < m + 2; ++x) {
      const auto transformed = [&](int64_t output, int64_t channel) {
        double sum = 0;
        for (int64_t ky = 0; ky < 3; ++ky)
          for (int64_t kx = 0; kx < 3; ++kx) sum += g[y][ky] * g[x][kx] * static_cast<double>(weight(output, ky, kx, channel));
        return static_cast<float>(sum);
      };
      pack_panels(n, channels, transformed, packed);
      packed += panels_of(n) * channels * kPanel;
    }
}

}  // namespace etc::cpu
