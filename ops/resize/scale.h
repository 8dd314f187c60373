// How resizing maps a place in the output to one in the input (PyTorch's area_pixel rules), in float for float and small floats and in
// double for double.
#pragma once

#include "ops/dispatch.h"
#include "ops/math.h"

namespace etc {

// Input step for one output step. `scale` is the factor that the model gave, or 0.
template <class C>
inline C resize_step(int64_t in, int64_t out, bool align_corners, double scale) {
  if (align_corners) return out > 1 ? static_cast<C>(in - 1) / static_cast<C>(out - 1) : C{0};
  return scale > 0 ? static_cast<C>(1.0 / scale) : static_cast<C>(in) / static_cast<C>(out);
}

// The place in the input; `cubic` may lie outside, the others start at 0.
template <class C>
inline C resize_place(C step, int64_t i, bool align_corners, bool cubic) {
  if (align_corners) return step * static_cast<C>(i);
  const C at = step * (static_cast<C>(i) + C(0.5)) - C(0.5);
  return !cubic && at < 0 ? C{0} : at;
}

// [batch, channels, spatial…] with `spatial` sizes from argument 1, all positive.
inline Error resized(InferContext& ctx, uint32_t spatial) {
  Meta m = ctx.meta(0);
  const Ints sizes = ctx.ints(1);
  if (sizes.size != spatial || m.rank != spatial + 2) return Error::BadShape;
  int64_t count = 1;
  for (uint32_t d = 0; d < spatial; ++d) {
    if (sizes[d] <= 0 || m.sizes[2 + d] <= 0) return Error::BadShape;
    m.sizes[2 + d] = sizes[d];
  }
  for (uint32_t d = 0; d < m.rank; ++d)
    if (!checked_multiply(count, m.sizes[d], &count)) return Error::BadShape;
  return ctx.set_result(0, m);
}

}  // namespace etc
