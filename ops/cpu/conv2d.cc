// etc::packed_conv2d – activation(convolution of x with weight + bias + residual) in f32, of one group, over images
// [n, height, width, channels]. No window is copied but those of few channels that reach over an edge: rows of the product are pointers
// to where the pixels lie, and to zeros outside of the image.
//
// A weight [panels, channels, taps, 16] instead of [panels, taps * channels, 16] is for an image of few channels that are planes of their
// own, as PyTorch has it.
#include <cstring>

#include "ops/cpu/convolution.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kX = 0, kWeight = 1, kResidual = 3, kChannels = 4, kGeometry = 5, kActivation = 9, kResult = 10;

Error infer(InferContext& ctx) noexcept {
  Meta y;
  ETC_TRY(infer_convolution(ctx, kWeight, kChannels, &y));
  if (!ctx.has(kResidual)) return ctx.set_result(0, y);
  if (is_of_planes(ctx, kWeight)) return Error::BadArgument;
  ETC_TRY(check_residual(ctx.meta(kResidual), y));
  return ctx.set_result(0, y);
}

Windows windows_of(OpContext ctx) {
  const Tensor& y = ctx.tensor(kResult);
  return {ctx.tensor(kX), geometry_of(ctx, kGeometry), y.sizes[1], y.sizes[2]};
}

Error run_planes(OpContext ctx) noexcept {
  const Tensor x = ctx.tensor(kX), y = ctx.tensor(kResult);
  RowBlock b;
  use_weight(ctx, kWeight, kActivation, &b);
  const Planes p{x, geometry_of(ctx, kGeometry), y.sizes[2], static_cast<const float*>(b.weight), y.sizes[3], y.strides[2], b.epilogue};
  const Pieces pieces(y.sizes[0] * y.sizes[1], lines_of_work(100000, y, p.g), 64);
  parallel_for(ctx.frame->hooks, pieces.count, [&](int64_t piece) {
    for (int64_t i = pieces.begin(piece); i < pieces.end(piece); ++i) {
      const int64_t n = i / y.sizes[1], line = i % y.sizes[1];
      p.run(n, line, line + 1, y.as<float>() + n * y.strides[0] + line * y.strides[1], y.strides[1]);
    }
  });
  return Error::Ok;
}

Error run(OpContext ctx) noexcept {
  const Tensor& y = ctx.tensor(kResult);
  Windows w = windows_of(ctx);
  if (const int64_t zeros = w.zeros_needed(); zeros > 0) {  // else there is no scratch, whatever the call names
    w.zeros = reinterpret_cast<const float*>(ctx.scratch());
    std::memset(ctx.scratch(), 0, static_cast<size_t>(zeros) * sizeof(float));
  }
  Product p;
  RowBlock& b = p.block;
  use_weight(ctx, kWeight, kActivation, &b);
  b.columns = y.sizes[3];
  b.result = y.as<float>();
  b.result_row = stride_of_joined(y, 0, 3);
  if (ctx.has(kResidual)) use_residual(ctx.tensor(kResidual), &b.epilogue);
  w.multiply(ctx.frame->hooks, &p);
  return Error::Ok;
}

uint64_t scratch_bytes(OpContext ctx) noexcept {
  return is_of_planes(ctx, kWeight) ? 0 : static_cast<uint64_t>(windows_of(ctx).zeros_needed()) * sizeof(float);
}

Kernel select(OpContext ctx) noexcept {
  if (is_of_planes(ctx, kWeight)) {
    const bool takes = has_dense_planes(ctx.tensor(kX)) && has_dense_pixels(ctx.tensor(kResult)) && are_contiguous(ctx, kWeight, 2);
    return takes ? run_planes : nullptr;
  }
  for (const uint32_t i : {kX, kResidual, kResult})
    if (ctx.has(i) && !has_dense_pixels(ctx.tensor(i))) return nullptr;
  for (const uint32_t i : {kResidual, kResult})
    if (ctx.has(i) && !are_joined(ctx.tensor(i), 0, 3)) return nullptr;
  if (windows_of(ctx).runs() > kMostRuns) return nullptr;
  return are_contiguous(ctx, kWeight, 2) ? run : nullptr;  // and the bias
}

}  // namespace

ETC_OP(packed_conv2d,
       "etc::packed_conv2d(Tensor x, Tensor weight, Tensor? bias, Tensor? residual, SymInt channels, SymInt[] kernel, SymInt[] stride, "
       "SymInt[] padding, SymInt[] dilation, str activation) -> Tensor",
       infer, select, {Promotion::None, 1 << kResidual, 0, nullptr, scratch_bytes});
}  // namespace etc
