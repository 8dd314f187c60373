// etc::packed_conv2d – activation(convolution of x with weight + bias + residual) in f32, of one group, over images
// [n, height, width, channels]. No window is copied but those of few channels that reach over an edge: rows of the product are pointers
// to where the pixels lie, and to zeros outside of the image.
#include <cstring>

#include "ops/cpu/image.h"
#include "ops/cpu/product.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kX = 0, kWeight = 1, kBias = 2, kResidual = 3, kChannels = 4, kGeometry = 5, kActivation = 9, kResult = 10;

Error infer(InferContext& ctx) noexcept {
  const Meta x = ctx.meta(kX);
  Activation activation;
  if (x.dtype != DType::F32 || !find_activation(ctx.string(kActivation), &activation)) return Error::BadArgument;
  if (x.rank != 4) return Error::BadShape;
  Geometry g;
  int64_t out[2], depth = 0;
  ETC_TRY(geometry_of(ctx, kGeometry, true, {x.sizes[1], x.sizes[2]}, &g, out, true));
  if (pieces_of_window(g.kernel[0], g.kernel[1], g.padding[1] + g.padding_behind[1], g.dilation[1]) > kMostRuns) return Error::BadArgument;
  if (!checked_multiply(g.kernel[0] * g.kernel[1], x.sizes[3], &depth)) return Error::BadShape;
  const int64_t channels = ctx.integer(kChannels);
  ETC_TRY(check_panels(ctx.meta(kWeight), channels, depth, true));
  ETC_TRY(check_vector(ctx, kBias, channels));
  Meta y = x;
  y.sizes[1] = out[0], y.sizes[2] = out[1], y.sizes[3] = channels;
  if (ctx.has(kResidual)) ETC_TRY(check_residual(ctx.meta(kResidual), y));
  return ctx.set_result(0, y);
}

// Where the windows of the result's pixels lie in x.
struct Windows {
  const float* x;
  Geometry g;
  int64_t channels, in[2], out[2], image, line, pixel;  // strides in floats
  const float* zeros = nullptr;                         // as many as there are in a run; of run() alone

  explicit Windows(OpContext ctx) : g(geometry_of(ctx, kGeometry)) {
    const Tensor &t = ctx.tensor(kX), &y = ctx.tensor(kResult);
    x = t.as<float>();
    channels = t.sizes[3];
    in[0] = t.sizes[1], in[1] = t.sizes[2], out[0] = y.sizes[1], out[1] = y.sizes[2];
    image = t.strides[0], line = t.strides[1], pixel = t.strides[2];
  }

  bool pads() const { return g.padding[0] + g.padding[1] + g.padding_behind[0] + g.padding_behind[1] != 0; }
  // Every pixel is a row of the product as it lies: no pointers into windows are needed.
  bool is_matrix(const Tensor& t) const {
    return g.kernel[0] * g.kernel[1] == 1 && g.stride[0] == 1 && g.stride[1] == 1 && !pads() && are_joined(t, 0, 3);
  }
  bool is_within_lines() const { return g.padding[1] + g.padding_behind[1] == 0; }
  // The pixels of a line of the window are one run; where it may reach over an edge, only few channels are worth the copy.
  bool has_lines() const {
    const bool is_cheap = is_within_lines() || (channels < kPanel && g.kernel[0] * g.kernel[1] * channels <= kMostCopied);
    return pixel == channels && g.dilation[1] == 1 && is_cheap;
  }

  int64_t runs() const { return has_lines() ? g.kernel[0] : g.kernel[0] * g.kernel[1]; }
  int64_t length() const { return has_lines() ? g.kernel[1] * channels : channels; }
  int64_t copied() const { return is_within_lines() ? 0 : runs() * length(); }  // floats a row, by locate_lines

  // Calls f(row, image, first line of the window, its first pixel) for each.
  template <class F>
  void for_each(int64_t first, int64_t count, const F& f) const {
    int64_t ox = first % out[1], oy = first / out[1] % out[0], n = first / out[1] / out[0];
    for (int64_t r = 0; r < count; ++r) {
      f(r, x + n * image, oy * g.stride[0] - g.padding[0], ox * g.stride[1] - g.padding[1]);
      if (++ox < out[1]) continue;
      ox = 0;
      if (++oy < out[0]) continue;
      oy = 0, ++n;
    }
  }

  void locate(int64_t first, int64_t count, const float** at) const {
    for_each(first, count, [&](int64_t r, const float* from, int64_t top, int64_t left) {
      const float** run = at + r;
      for (int64_t ky = 0, iy = top; ky < g.kernel[0]; ++ky, iy += g.dilation[0]) {
        const bool is_inside = is_within(iy, in[0]);
        const float* start = from + (is_inside ? iy : 0) * line;
        for (int64_t kx = 0, ix = left; kx < g.kernel[1]; ++kx, ix += g.dilation[1], run += kMostRows)
          *run = is_inside && is_within(ix, in[1]) ? start + ix * pixel : zeros;
      }
    });
  }

  // Lines that reach over an edge are copied, with zeros, to *copies, which moves on.
  void locate_lines(int64_t first, int64_t count, const float** at, float** copies) const {
    const int64_t size = length();
    for_each(first, count, [&](int64_t r, const float* from, int64_t top, int64_t left) {
      const float** run = at + r;
      const int64_t begin = -left * channels, end = (in[1] - left) * channels;  // what of a run lies in the image
      for (int64_t ky = 0, iy = top; ky < g.kernel[0]; ++ky, iy += g.dilation[0], run += kMostRows) {
        if (!is_within(iy, in[0])) {
          *run = zeros;
        } else if (begin <= 0 && end >= size) {
          *run = from + iy * line - begin;
        } else {
          const float* start = from + iy * line;
          float* to = *copies;
          for (int64_t i = 0; i < size; ++i) to[i] = i < begin || i >= end ? 0 : start[i - begin];
          *run = to;
          *copies += size;
        }
      }
    });
  }

 private:
  static bool is_within(int64_t i, int64_t size) { return static_cast<uint64_t>(i) < static_cast<uint64_t>(size); }
};

Error run(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(kX), &y = ctx.tensor(kResult);
  Windows w(ctx);
  w.zeros = reinterpret_cast<const float*>(ctx.scratch());  // scratch_bytes is asked before there is any
  Product p;
  p.rows = y.sizes[0] * y.sizes[1] * y.sizes[2];
  RowBlock& b = p.block;
  b.runs = w.runs();
  b.length = w.length();
  b.weight = ctx.tensor(kWeight).data;
  b.weight_dtype = ctx.tensor(kWeight).dtype;
  b.columns = y.sizes[3];
  b.result = y.as<float>();
  b.result_row = stride_of_joined(y, 0, 3);
  b.epilogue.bias = vector_or_null(ctx, kBias);
  if (ctx.has(kResidual)) {
    b.epilogue.residual = ctx.tensor(kResidual).as<float>();
    b.epilogue.residual_row = stride_of_joined(ctx.tensor(kResidual), 0, 3);
  }
  find_activation(ctx.string(kActivation), &b.epilogue.activation);
  if (ctx.scratch()) std::memset(ctx.scratch(), 0, static_cast<size_t>(b.length) * sizeof(float));

  const Hooks* hooks = ctx.frame->hooks;
  if (w.is_matrix(x)) {
    const int64_t step = stride_of_joined(x, 0, 3);
    p.run(hooks, 0, [&](int64_t row, int64_t count, const float** at, float**) {
      for (int64_t r = 0; r < count; ++r) at[r] = w.x + (row + r) * step;
    });
  } else if (w.has_lines()) {
    p.run(hooks, w.copied(), [&](int64_t row, int64_t count, const float** at, float** copies) { w.locate_lines(row, count, at, copies); });
  } else {
    p.run(hooks, 0, [&](int64_t row, int64_t count, const float** at, float**) { w.locate(row, count, at); });
  }
  return Error::Ok;
}

uint64_t scratch_bytes(OpContext ctx) noexcept {
  const Windows w(ctx);
  if (!w.pads()) return 0;
  return static_cast<uint64_t>(w.length()) * sizeof(float);
}

Kernel select(OpContext ctx) noexcept {
  for (const uint32_t i : {kX, kResidual, kResult})
    if (ctx.has(i) && !has_dense_pixels(ctx.tensor(i))) return nullptr;
  for (const uint32_t i : {kResidual, kResult})
    if (ctx.has(i) && !are_joined(ctx.tensor(i), 0, 3)) return nullptr;
  if (Windows(ctx).runs() > kMostRuns) return nullptr;
  return are_contiguous(ctx, kWeight, 2) ? run : nullptr;  // and the bias
}

}  // namespace

ETC_OP(packed_conv2d,
       "etc::packed_conv2d(Tensor x, Tensor weight, Tensor? bias, Tensor? residual, SymInt channels, SymInt[] kernel, SymInt[] stride, "
       "SymInt[] padding, SymInt[] dilation, str activation) -> Tensor",
       infer, select, {Promotion::None, 1 << kResidual, 0, nullptr, scratch_bytes});
}  // namespace etc
