// etc::packed_depthwise2d – activation(convolution of every channel with a filter of its own + bias) in f32, over images
// [n, height, width, channels].
#include "ops/cpu/depthwise.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kX = 0, kDepthwise = 1, kResult = 8;

Error infer(InferContext& ctx) noexcept {
  Meta y = ctx.meta(kX);
  if (y.dtype != DType::F32) return Error::BadArgument;
  if (y.rank != 4) return Error::BadShape;
  int64_t out[2];
  ETC_TRY(Depthwise::infer(ctx, kDepthwise, {y.sizes[1], y.sizes[2]}, y.sizes[3], out));
  y.sizes[1] = out[0], y.sizes[2] = out[1];
  return ctx.set_result(0, y);
}

Error run(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(kX), &y = ctx.tensor(kResult);
  const Kernels& kernels = cpu::kernels();
  Depthwise d(ctx, kDepthwise);
  d.lines.channels = x.sizes[3];
  d.lines.width = x.sizes[2], d.lines.pixel = x.strides[2];
  d.lines.result_width = y.sizes[2], d.lines.result_pixel = y.strides[2], d.lines.result_line = y.strides[1];

  const int64_t most = d.at_once(), groups = (y.sizes[1] + most - 1) / most;  // of an image
  const Pieces pieces(y.sizes[0] * groups, lines_of_work(100000 / most, y, d.g), 64);
  parallel_for(ctx.frame->hooks, pieces.count, [&](int64_t piece) {
    for (int64_t i = pieces.begin(piece); i < pieces.end(piece); ++i) {
      const int64_t n = i / groups, first = i % groups * most, end = first + most < y.sizes[1] ? first + most : y.sizes[1];
      const float* image = x.as<float>() + n * x.strides[0];
      d.run(kernels, first, end, x.sizes[1], y.as<float>() + n * y.strides[0] + first * y.strides[1],
            [&](int64_t line) { return image + line * x.strides[1]; });
    }
  });
  return Error::Ok;
}

Kernel select(OpContext ctx) noexcept {
  if (!has_dense_pixels(ctx.tensor(kX)) || !has_dense_pixels(ctx.tensor(kResult))) return nullptr;
  return are_contiguous(ctx, kDepthwise, 2) ? run : nullptr;  // weight and bias
}

}  // namespace

ETC_OP(packed_depthwise2d,
       "etc::packed_depthwise2d(Tensor x, Tensor weight, Tensor? bias, SymInt[] kernel, SymInt[] stride, SymInt[] padding, SymInt[] "
       "dilation, str activation) -> Tensor",
       infer, select);
}  // namespace etc
