// etc::packed_conv_transpose2d – activation(transposed convolution of x with weight + bias) in f32, of one group, without dilation, over
// images [n, height, width, channels].
//
// With strides s and t the result is s * t images that lie between each other, the phases: pixels [s i + a, t j + b] for each a < s, b < t.
// Each is an ordinary convolution of x with the taps that reach it, so that no product is with a zero; its sums go where they belong. Shi
// et al., "Is the deconvolution layer the same as a convolutional layer?".
//
// The weight is packed as of one convolution, [panels, kernel height * kernel width * channels, 16], but phase after phase: see
// packed_phases.h.
#include <cstring>

#include "ops/cpu/packed_phases.h"
#include "ops/cpu/windows.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kX = 0, kWeight = 1, kBias = 2, kChannels = 3, kKernel = 4, kStride = 5, kPadding = 6, kOutputPadding = 7,
                   kActivation = 8, kResult = 9;

Error infer(InferContext& ctx) noexcept {
  const Meta x = ctx.meta(kX);
  Activation activation;
  if (x.dtype != DType::F32 || !find_activation(ctx.string(kActivation), &activation)) return Error::BadArgument;
  if (x.rank != 4) return Error::BadShape;
  for (const uint32_t i : {kKernel, kStride, kPadding, kOutputPadding})
    if (ctx.ints(i).size != 2) return Error::BadArgument;
  Meta y = x;
  int64_t taps = 1, runs = 1;
  for (uint32_t d = 0; d < 2; ++d) {
    constexpr int64_t kMost = int64_t{1} << 30;  // so that all that is computed from one of them fits 64 bits
    const int64_t kernel = ctx.ints(kKernel)[d], stride = ctx.ints(kStride)[d], padding = ctx.ints(kPadding)[d];
    const int64_t added = ctx.ints(kOutputPadding)[d];
    if (kernel < 1 || stride < 1 || padding < 0 || added < 0 || added >= stride) return Error::BadArgument;
    if (kernel > kMost || stride > kMost || padding > kMost) return Error::BadArgument;
    if (x.sizes[1 + d] < 1 || x.sizes[1 + d] > kMost) return Error::BadShape;
    y.sizes[1 + d] = (x.sizes[1 + d] - 1) * stride - 2 * padding + kernel + added;
    if (y.sizes[1 + d] < 1) return Error::BadShape;
    taps *= kernel, runs *= most_taps(kernel, stride);
  }
  if (runs > kMostRuns) return Error::BadArgument;
  int64_t depth = 0;
  if (!checked_multiply(taps, x.sizes[3], &depth)) return Error::BadShape;
  const int64_t channels = ctx.integer(kChannels);
  ETC_TRY(check_panels(ctx.meta(kWeight), channels, depth, true));
  ETC_TRY(check_vector(ctx, kBias, channels));
  y.sizes[3] = channels;
  return ctx.set_result(0, y);
}

// Zeros, for what lies outside of the image.
uint64_t scratch_bytes(OpContext ctx) noexcept {
  return static_cast<uint64_t>(ctx.ints(kKernel)[1]) * static_cast<uint64_t>(ctx.tensor(kX).sizes[3]) * sizeof(float);
}

Error run(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(kX), &y = ctx.tensor(kResult);
  const Ints kernel = ctx.ints(kKernel), stride = ctx.ints(kStride), padding = ctx.ints(kPadding);
  std::byte* const zeros = scratch_bytes(ctx) > 0 ? ctx.scratch() : nullptr;  // else there is none, whatever the call names
  if (zeros) std::memset(zeros, 0, static_cast<size_t>(scratch_bytes(ctx)));
  const std::byte* weight = ctx.tensor(kWeight).as<std::byte>();
  Product p;
  RowBlock& b = p.block;
  use_weight(ctx, kWeight, kActivation, &b);
  b.columns = y.sizes[3];
  // Where a phase has one pixel, or one line, there is no next one, and the product may not fit.
  b.result_row = y.sizes[2] > stride[1] ? stride[1] * y.strides[2] : 0;
  p.result_line = y.sizes[1] > stride[0] ? stride[0] * y.strides[1] : 0, p.result_image = y.strides[0];
  for (int64_t line = 0; line < stride[0] && line < y.sizes[1]; ++line)
    for (int64_t pixel = 0; pixel < stride[1] && pixel < y.sizes[2]; ++pixel) {
      const Phase phases[] = {Phase(kernel[0], stride[0], padding[0], line), Phase(kernel[1], stride[1], padding[1], pixel)};
      Geometry g;
      int64_t out[2];
      for (uint32_t d = 0; d < 2; ++d) {
        const Phase& phase = phases[d];
        out[d] = (y.sizes[1 + d] - phase.index - 1) / stride[d] + 1;
        g.kernel[d] = phase.taps, g.stride[d] = g.dilation[d] = 1;
        g.padding[d] = -phase.first, g.padding_behind[d] = out[d] + phase.first + phase.taps - 1 - x.sizes[1 + d];
      }
      Windows w(x, g, out[0], out[1]);
      w.zeros = reinterpret_cast<const float*>(zeros);
      b.weight = weight;
      b.result = y.as<float>() + line * y.strides[1] + pixel * y.strides[2];
      p.line = out[1], p.lines = out[0];
      w.multiply(ctx.frame->hooks, &p);
      weight += panels_of(b.columns) * phases[0].taps * phases[1].taps * x.sizes[3] * kPanel *
                static_cast<int64_t>(size_in_bytes(b.weight_dtype));
    }
  return Error::Ok;
}

Kernel select(OpContext ctx) noexcept {
  if (!has_dense_pixels(ctx.tensor(kX)) || !has_dense_pixels(ctx.tensor(kResult))) return nullptr;
  return are_contiguous(ctx, kWeight, 2) ? run : nullptr;  // and the bias
}

}  // namespace

ETC_OP(packed_conv_transpose2d,
       "etc::packed_conv_transpose2d(Tensor x, Tensor weight, Tensor? bias, SymInt channels, SymInt[] kernel, SymInt[] stride, "
       "SymInt[] padding, SymInt[] output_padding, str activation) -> Tensor",
       infer, select, {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
