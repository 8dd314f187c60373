// The largest element of a window and where it lies: what max pooling and adaptive max pooling share.
#pragma once

#include <type_traits>

#include "ops/math.h"
#include "ops/number.h"
#include "ops/pool/shape.h"

namespace etc {

template <class T>
constexpr T smallest_of() {
  if constexpr (std::is_signed_v<T>)
    return static_cast<T>(static_cast<T>(1) << (8 * sizeof(T) - 1));
  else
    return T{0};
}

// As PyTorch: a NaN wins, the last one; among equals the first; an index even where nothing is larger than the smallest number.
template <class T>
void largest_of(const PoolShape& s, const PlaneStrides& strides, const T* x, const Window& w, T* value, int64_t* index) {
  using C = ComputeType<T>;
  C best;
  if constexpr (std::is_floating_point_v<C>)
    best = -math::infinity<C>();
  else
    best = smallest_of<C>();
  int64_t at = (w.begin[0] * s.in[1] + w.begin[1]) * s.in[2] + w.begin[2];
  for (int64_t i = w.begin[0]; i < w.end[0]; i += w.step[0]) {
    for (int64_t j = w.begin[1]; j < w.end[1]; j += w.step[1]) {
      const T* row = x + i * strides.at[0] + j * strides.at[1];
      for (int64_t k = w.begin[2]; k < w.end[2]; k += w.step[2]) {
        const C v = load(row + k * strides.at[2]);
        if (v > best || v != v) {
          best = v;
          at = (i * s.in[1] + j) * s.in[2] + k;
        }
      }
    }
  }
  store(value, best);
  *index = at;
}

// Runs over all planes of x; results are operands `first` and `first` + 1; window_at(o) says where to look.
template <class T, class WindowAt>
void largest_of_windows(OpContext ctx, const PoolShape& s, uint32_t dims, uint32_t first, int64_t work, const WindowAt& window_at) {
  const Tensor &x = ctx.tensor(0), &y = ctx.tensor(first), &index = ctx.tensor(first + 1);
  const PlaneStrides xs = plane_strides(x, dims), ys = plane_strides(y, dims), is = plane_strides(index, dims);
  for_each_plane(s, work, ctx.frame->hooks, [&](int64_t n, int64_t c) {
    const T* px = x.as<T>() + n * xs.batch + c * xs.channel;
    T* py = y.as<T>() + n * ys.batch + c * ys.channel;
    int64_t* pi = index.as<int64_t>() + n * is.batch + c * is.channel;
    for_each_position(s, [&](const int64_t(&o)[3]) {
      largest_of(s, xs, px, window_at(o), py + o[0] * ys.at[0] + o[1] * ys.at[1] + o[2] * ys.at[2],
                 pi + o[0] * is.at[0] + o[1] * is.at[1] + o[2] * is.at[2]);
    });
  });
}

}  // namespace etc
