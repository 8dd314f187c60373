// etc::packed_depthwise2d – activation(convolution of every channel with a filter of its own + bias) in f32, over images
// [n, height, width, channels].
#include "ops/cpu/image.h"
#include "ops/cpu/product.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kX = 0, kWeight = 1, kBias = 2, kGeometry = 3, kActivation = 7, kResult = 8;

Error infer(InferContext& ctx) noexcept {
  const Meta x = ctx.meta(kX);
  Activation activation;
  if (x.dtype != DType::F32 || !find_activation(ctx.string(kActivation), &activation)) return Error::BadArgument;
  if (x.rank != 4) return Error::BadShape;
  Geometry g;
  int64_t out[2];
  ETC_TRY(geometry_of(ctx, kGeometry, true, {x.sizes[1], x.sizes[2]}, &g, out));
  if (g.kernel[0] * g.kernel[1] > kMostRuns) return Error::BadArgument;
  ETC_TRY(check_panels(ctx.meta(kWeight), x.sizes[3], g.kernel[0] * g.kernel[1]));
  ETC_TRY(check_vector(ctx, kBias, x.sizes[3]));
  Meta y = x;
  y.sizes[1] = out[0], y.sizes[2] = out[1];
  return ctx.set_result(0, y);
}

Error run(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(kX), &y = ctx.tensor(kResult);
  const Geometry g = geometry_of(ctx, kGeometry);
  const Kernels& kernels = cpu::kernels();
  DepthwiseLines d;
  d.channels = x.sizes[3];
  d.kernel[0] = g.kernel[0], d.kernel[1] = g.kernel[1];
  d.stride = g.stride[1], d.padding = g.padding[1], d.dilation = g.dilation[1];
  d.width = x.sizes[2], d.pixel = x.strides[2];
  d.weight = ctx.tensor(kWeight).as<float>();
  d.bias = vector_or_null(ctx, kBias);
  d.result_width = y.sizes[2], d.result_pixel = y.strides[2], d.result_line = y.strides[1];
  find_activation(ctx.string(kActivation), &d.activation);

  const int64_t most = g.stride[0] == 1 && g.dilation[0] == 1 ? 2 : 1;  // lines at once
  const int64_t groups = (y.sizes[1] + most - 1) / most;                // of an image
  const Pieces pieces(y.sizes[0] * groups, lines_of_work(100000 / most, y, g), 64);
  parallel_for(ctx.frame->hooks, pieces.count, [&](int64_t piece) {
    const float* rows[kMostRuns + 1];
    DepthwiseLines some = d;
    some.rows = rows;
    for (int64_t i = pieces.begin(piece); i < pieces.end(piece); ++i) {
      const int64_t n = i / groups, oy = i % groups * most;
      some.lines = y.sizes[1] - oy < most ? y.sizes[1] - oy : most;
      for (int64_t ky = 0; ky < g.kernel[0] + some.lines - 1; ++ky) {
        const int64_t iy = oy * g.stride[0] - g.padding[0] + ky * g.dilation[0];
        rows[ky] = iy < 0 || iy >= x.sizes[1] ? nullptr : x.as<float>() + n * x.strides[0] + iy * x.strides[1];
      }
      some.result = y.as<float>() + n * y.strides[0] + oy * y.strides[1];
      kernels.depthwise(some);
    }
  });
  return Error::Ok;
}

Kernel select(OpContext ctx) noexcept {
  if (!has_dense_pixels(ctx.tensor(kX)) || !has_dense_pixels(ctx.tensor(kResult))) return nullptr;
  return are_contiguous(ctx, kWeight, 2) ? run : nullptr;  // and the bias
}

}  // namespace

ETC_OP(packed_depthwise2d,
       "etc::packed_depthwise2d(Tensor x, Tensor weight, Tensor? bias, SymInt[] kernel, SymInt[] stride, SymInt[] padding, SymInt[] "
       "dilation, str activation) -> Tensor",
       infer, select);
}  // namespace etc
