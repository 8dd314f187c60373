// etc::max_pool2d_nhwc, etc::avg_pool2d_nhwc – pooling in f32 over images [n, height, width, channels], a pixel's channels at once.
#include "ops/cpu/image.h"
#include "ops/cpu/kernels.h"
#include "ops/parallel.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kX = 0, kKernel = 1;  // stride, padding and dilation follow the kernel: geometry_of

struct Pool {
  Tensor x, y;
  Geometry g;

  // Calls f(window) for each pixel of y, on any thread: what of it lies within the image.
  template <class F>
  void run(const Hooks* hooks, const F& f) const {
    const int64_t lines = y.sizes[0] * y.sizes[1], height = x.sizes[1], width = x.sizes[2];
    const Pieces pieces(lines, lines_of_work(50000, y, g), 64);
    parallel_for(hooks, pieces.count, [&](int64_t piece) {
      for (int64_t i = pieces.begin(piece); i < pieces.end(piece); ++i) {
        const int64_t n = i / y.sizes[1], oy = i % y.sizes[1];
        const int64_t top = start(oy, 0);
        PoolWindow w;
        w.lines = steps(top, end(oy, 0, height), 0);
        w.line_step = g.dilation[0] * x.strides[1], w.pixel_step = g.dilation[1] * x.strides[2];
        w.channels = y.sizes[3];
        for (int64_t ox = 0; ox < y.sizes[2]; ++ox) {
          const int64_t left = start(ox, 1);
          w.pixels = steps(left, end(ox, 1, width), 1);
          w.x = x.as<float>() + n * x.strides[0] + top * x.strides[1] + left * x.strides[2];
          w.result = y.as<float>() + n * y.strides[0] + oy * y.strides[1] + ox * y.strides[2];
          f(w);
        }
      }
    });
  }

 private:
  // The first position of the window that is not before the image, and the end of those not behind it.
  int64_t start(int64_t o, int d) const {
    const int64_t at = o * g.stride[d] - g.padding[d];
    return at >= 0 ? at : at + (-at + g.dilation[d] - 1) / g.dilation[d] * g.dilation[d];
  }
  int64_t end(int64_t o, int d, int64_t size) const {
    const int64_t at = o * g.stride[d] - g.padding[d] + (g.kernel[d] - 1) * g.dilation[d] + 1;
    return at < size ? at : size;
  }
  int64_t steps(int64_t from, int64_t to, int d) const { return (to - from + g.dilation[d] - 1) / g.dilation[d]; }
};

Error infer_windows(InferContext& ctx, bool dilates) {
  const Meta x = ctx.meta(kX);
  if (x.dtype != DType::F32) return Error::BadArgument;
  if (x.rank != 4) return Error::BadShape;
  Geometry g;
  int64_t out[2];
  ETC_TRY(geometry_of(ctx, kKernel, dilates, {x.sizes[1], x.sizes[2]}, &g, out));
  for (int d = 0; d < 2; ++d)
    if (g.padding[d] > ((g.kernel[d] - 1) * g.dilation[d] + 1) / 2) return Error::BadArgument;  // so that no window is empty
  Meta y = x;
  y.sizes[1] = out[0], y.sizes[2] = out[1];
  return ctx.set_result(0, y);
}

// --- max ---

Error infer_max(InferContext& ctx) noexcept { return infer_windows(ctx, true); }

Error run_max(OpContext ctx) noexcept {
  const Pool pool{ctx.tensor(kX), ctx.tensor(5), geometry_of(ctx, kKernel)};
  pool.run(ctx.frame->hooks, kernels().largest);
  return Error::Ok;
}

Kernel select_max(OpContext ctx) noexcept {
  return has_dense_pixels(ctx.tensor(kX)) && has_dense_pixels(ctx.tensor(5)) ? run_max : nullptr;
}

// --- average ---

constexpr uint32_t kCountsPadding = 4, kDivisor = 5, kAverage = 6;

Error infer_average(InferContext& ctx) noexcept {
  if (ctx.has(kDivisor) && ctx.integer(kDivisor) == 0) return Error::BadArgument;
  return infer_windows(ctx, false);
}

Error run_average(OpContext ctx) noexcept {
  const Pool pool{ctx.tensor(kX), ctx.tensor(kAverage), geometry_of(ctx, kKernel, false)};
  const bool counts_padding = ctx.boolean(kCountsPadding);
  const int64_t divisor = ctx.integer_or(kDivisor, counts_padding ? pool.g.kernel[0] * pool.g.kernel[1] : 0);
  const Kernels& kernels = cpu::kernels();
  pool.run(ctx.frame->hooks, [&](PoolWindow w) {
    w.divisor = static_cast<float>(divisor ? divisor : w.lines * w.pixels);
    kernels.average(w);
  });
  return Error::Ok;
}

Kernel select_average(OpContext ctx) noexcept {
  return has_dense_pixels(ctx.tensor(kX)) && has_dense_pixels(ctx.tensor(kAverage)) ? run_average : nullptr;
}

}  // namespace

ETC_OP(max_pool2d_nhwc, "etc::max_pool2d_nhwc(Tensor x, SymInt[] kernel, SymInt[] stride, SymInt[] padding, SymInt[] dilation) -> Tensor",
       infer_max, select_max);
ETC_OP(avg_pool2d_nhwc,
       "etc::avg_pool2d_nhwc(Tensor x, SymInt[] kernel, SymInt[] stride, SymInt[] padding, bool count_include_pad, int? divisor_override) "
       "-> Tensor",
       infer_average, select_average);
}  // namespace etc
