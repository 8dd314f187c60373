// A convolution of every channel with a filter of its own, line by line: what the ops that have one share.
#pragma once

#include "ops/cpu/image.h"
#include "ops/cpu/product.h"

namespace etc::cpu {

struct Depthwise {
  // The op's arguments from this one on: weight, bias, kernel, stride, padding, dilation, activation.
  static constexpr uint32_t kWeight = 0, kBias = 1, kGeometry = 2, kActivation = 6;

  Geometry g;
  DepthwiseLines lines;  // whatever is the same for all; the caller adds where pixels and results lie

  Depthwise(OpContext ctx, uint32_t first) : g(geometry_of(ctx, first + kGeometry)) {
    lines.kernel[0] = g.kernel[0], lines.kernel[1] = g.kernel[1];
    lines.stride = g.stride[1], lines.padding = g.padding[1], lines.dilation = g.dilation[1];
    lines.weight = ctx.tensor(first + kWeight).as<float>();
    lines.bias = vector_or_null(ctx, first + kBias);
    find_activation(ctx.string(first + kActivation), &lines.activation);
  }

  // For an image of `channels`, and the height and width of the result.
  static Error infer(InferContext& ctx, uint32_t first, const int64_t (&in)[2], int64_t channels, int64_t (&out)[2]) {
    Activation activation;
    if (!find_activation(ctx.string(first + kActivation), &activation)) return Error::BadArgument;
    Geometry g;
    ETC_TRY(geometry_of(ctx, first + kGeometry, true, in, &g, out));
    if (g.kernel[0] * g.kernel[1] > kMostRuns) return Error::BadArgument;
    ETC_TRY(check_panels(ctx.meta(first + kWeight), channels, g.kernel[0] * g.kernel[1]));
    return check_vector(ctx, first + kBias, channels);
  }

  // Lines of the result whose windows the kernels take together.
  int64_t at_once() const { return g.stride[0] == 1 && g.dilation[0] == 1 ? 2 : 1; }

  // Lines `first` .. `end` - 1 of the result, which lie from `result` on. row(i): where line i of the image lies, of `height`.
  template <class Row>
  void run(const Kernels& kernels, int64_t first, int64_t end, int64_t height, float* result, const Row& row) const {
    const float* rows[kMostRuns + 1];
    DepthwiseLines some = lines;
    some.rows = rows;
    for (int64_t oy = first; oy < end; oy += some.lines) {
      some.lines = end - oy < at_once() ? end - oy : at_once();
      for (int64_t ky = 0; ky < g.kernel[0] + some.lines - 1; ++ky) {
        const int64_t iy = oy * g.stride[0] - g.padding[0] + ky * g.dilation[0];
        rows[ky] = iy < 0 || iy >= height ? nullptr : row(iy);
      }
      some.result = result + (oy - first) * lines.result_line;
      kernels.depthwise(some);
    }
  }
};

}  // namespace etc::cpu
