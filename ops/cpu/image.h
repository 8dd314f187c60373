// The geometry of kernels over images [n, height, width, channels].
#pragma once

#include <initializer_list>

#include "ops/dispatch.h"

namespace etc::cpu {

struct Geometry {
  int64_t kernel[2], stride[2], padding[2], dilation[2];
  int64_t padding_behind[2];  // `padding` is what lies before
};

// The padding of an op that takes four numbers too: before height and width, then behind them. Two are both.
inline int64_t padding_behind(Ints padding, uint32_t d) { return padding[padding.size == 4 ? 2 + d : d]; }

// Reads the four arguments from position `first` on, without the last for an op that does not dilate, and the sizes of the result's height
// and width for an x of these. `pads_sides`: the padding may be four numbers. All that is computed from one of them later fits 64 bits.
inline Error geometry_of(OpContext ctx, uint32_t first, bool dilates, const int64_t (&in)[2], Geometry* g, int64_t (&out)[2],
                         bool pads_sides = false) {
  constexpr int64_t kOnes[] = {1, 1};
  const Ints lists[] = {ctx.ints(first), ctx.ints(first + 1), ctx.ints(first + 2), dilates ? ctx.ints(first + 3) : Ints{kOnes, 2}};
  for (const Ints& list : lists)
    if (list.size != 2 && !(pads_sides && &list == &lists[2] && list.size == 4)) return Error::BadArgument;
  for (uint32_t d = 0; d < 2; ++d) {
    constexpr int64_t kMost = int64_t{1} << 31;
    const int64_t kernel = lists[0][d], stride = lists[1][d], padding = lists[2][d], dilation = lists[3][d];
    const int64_t behind = padding_behind(lists[2], d);
    if (kernel < 1 || stride < 1 || padding < 0 || behind < 0 || dilation < 1) return Error::BadArgument;
    if (kernel > kMost || stride > kMost || padding > kMost || behind > kMost || dilation > kMost) return Error::BadArgument;
    if (in[d] > (int64_t{1} << 62)) return Error::BadShape;
    int64_t span = 0, rest = 0;
    if (!checked_multiply(dilation, kernel - 1, &span) || !checked_add(in[d], padding + behind, &rest) || rest <= span)
      return Error::BadShape;
    out[d] = (rest - span - 1) / stride + 1;
    g->kernel[d] = kernel, g->stride[d] = stride, g->padding[d] = padding, g->padding_behind[d] = behind;
    g->dilation[d] = dilation;
  }
  return Error::Ok;
}
// After infer: cannot fail.
inline Geometry geometry_of(OpContext ctx, uint32_t first, bool dilates = true) {
  Geometry g;
  for (uint32_t d = 0; d < 2; ++d) {
    g.kernel[d] = ctx.ints(first)[d], g.stride[d] = ctx.ints(first + 1)[d], g.padding[d] = ctx.ints(first + 2)[d];
    g.padding_behind[d] = padding_behind(ctx.ints(first + 2), d);
    g.dilation[d] = dilates ? ctx.ints(first + 3)[d] : 1;
  }
  return g;
}

// How many lines of the result y are `work` steps, at least 1: windows in a file may be larger than any image.
inline int64_t lines_of_work(int64_t work, const Tensor& y, const Geometry& g) {
  int64_t steps = 1;
  for (const int64_t n : {y.sizes[2], y.sizes[3], g.kernel[0], g.kernel[1]})
    if (!checked_multiply(steps, n, &steps) || steps > work) return 1;
  return work / (steps + 1) + 1;
}

// Channels one behind the other.
inline bool has_dense_pixels(const Tensor& t) { return t.sizes[3] <= 1 || t.strides[3] == 1; }

}  // namespace etc::cpu
