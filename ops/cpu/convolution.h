// What the ops that begin with a convolution over packed weights ask of it.
#pragma once

#include "ops/cpu/planes.h"
#include "ops/cpu/windows.h"

namespace etc::cpu {

// Whether the weight is for an image whose few channels are planes of their own: [panels, channels, taps, 16] instead of
// [panels, taps * channels, 16].
inline bool is_of_planes(OpContext ctx, uint32_t weight) { return ctx.tensor(weight).rank == 4; }

// What the convolution makes of argument 0. The bias follows the weight; kernel, stride, padding, dilation and activation follow the number
// of channels.
inline Error infer_convolution(InferContext& ctx, uint32_t weight, uint32_t channels, Meta* y) {
  const Meta x = ctx.meta(0), w = ctx.meta(weight);
  const uint32_t bias = weight + 1, geometry = channels + 1, activation = channels + 5;
  Activation found;
  if (x.dtype != DType::F32 || !find_activation(ctx.string(activation), &found)) return Error::BadArgument;
  if (x.rank != 4) return Error::BadShape;
  Geometry g;
  int64_t out[2], depth = 0;
  ETC_TRY(geometry_of(ctx, geometry, true, {x.sizes[1], x.sizes[2]}, &g, out, true));
  if (pieces_of_window(g.kernel[0], g.kernel[1], g.padding[1] + g.padding_behind[1], g.dilation[1]) > kMostRuns) return Error::BadArgument;
  if (!checked_multiply(g.kernel[0] * g.kernel[1], x.sizes[3], &depth)) return Error::BadShape;
  const int64_t columns = ctx.integer(channels);
  if (is_of_planes(ctx, weight)) {
    if (!Planes::takes(g, x.sizes[3])) return Error::BadArgument;
    ETC_TRY(check_planes(w, columns, x.sizes[3], g));
  } else {
    ETC_TRY(check_panels(w, columns, depth, true));
  }
  *y = x;
  y->sizes[1] = out[0], y->sizes[2] = out[1], y->sizes[3] = columns;
  return check_vector(ctx, bias, columns);
}

}  // namespace etc::cpu
