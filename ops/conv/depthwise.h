// Convolution of one channel with one filter, straight from the definition: what a matrix product would be too large a tool for.
#pragma once

#include "ops/conv/shape.h"
#include "ops/iterate.h"
#include "ops/linalg/gemm.h"

namespace etc {

namespace detail {
inline int64_t divide_up(int64_t a, int64_t b) { return a > 0 ? (a + b - 1) / b : -(-a / b); }

// sums[i] += weight * x[i * gap]
template <class T>
inline void add_row(Accumulator<T>* sums, const T* x, int64_t gap, Accumulator<T> weight, int64_t n) {
  using Acc = Accumulator<T>;
  if (gap == 1) {
    ETC_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) sums[i] += weight * static_cast<Acc>(load(x + i));
  } else {
    ETC_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) sums[i] += weight * static_cast<Acc>(load(x + i * gap));
  }
}
}  // namespace detail

// y = bias + x * w for one plane; pointers to the first element of each.
template <class T>
void convolve_plane(const ConvShape& s, const T* x, const T* w, const T* bias, T* y) {
  using Acc = Accumulator<T>;
  constexpr int64_t kBlock = 64;
  Acc sums[kBlock];
  for (int64_t o0 = 0; o0 < s.out[0]; ++o0) {
    for (int64_t o1 = 0; o1 < s.out[1]; ++o1) {
      T* row = y + o0 * s.y[0] + o1 * s.y[1];
      for (int64_t first = 0; first < s.out[2]; first += kBlock) {
        const int64_t n = s.out[2] - first < kBlock ? s.out[2] - first : kBlock;
        for (int64_t i = 0; i < n; ++i) sums[i] = bias ? static_cast<Acc>(load(bias)) : Acc{};
        for (int64_t t0 = 0; t0 < s.window[0]; ++t0) {
          const int64_t x0 = o0 * s.stride[0] - s.padding[0] + t0 * s.dilation[0];
          if (x0 < 0 || x0 >= s.in[0]) continue;
          for (int64_t t1 = 0; t1 < s.window[1]; ++t1) {
            const int64_t x1 = o1 * s.stride[1] - s.padding[1] + t1 * s.dilation[1];
            if (x1 < 0 || x1 >= s.in[1]) continue;
            const T* line = x + x0 * s.x[0] + x1 * s.x[1];
            const T* weights = w + t0 * s.w[0] + t1 * s.w[1];
            for (int64_t t2 = 0; t2 < s.window[2]; ++t2) {
              // x index of the block's first element; those from `low` to `high` lie inside.
              const int64_t x2 = first * s.stride[2] - s.padding[2] + t2 * s.dilation[2];
              const int64_t low = x2 >= 0 ? 0 : detail::divide_up(-x2, s.stride[2]);
              const int64_t inside = detail::divide_up(s.in[2] - x2, s.stride[2]), high = inside < n ? inside : n;
              if (low < high)
                detail::add_row(sums + low, line + (x2 + low * s.stride[2]) * s.x[2], s.stride[2] * s.x[2],
                                static_cast<Acc>(load(weights + t2 * s.w[2])), high - low);
            }
          }
        }
        for (int64_t i = 0; i < n; ++i) row[(first + i) * s.y[2]] = static_cast<T>(sums[i]);
      }
    }
  }
}

}  // namespace etc
