// aten::_adaptive_avg_pool2d / 3d, aten::adaptive_max_pool2d / 3d – pooling to a given output size: windows of about equal size.
#include "ops/pool/largest.h"

namespace etc {
namespace {

template <class T>
[[gnu::noinline]] Error average(OpContext ctx, uint32_t dims) noexcept {
  using C = ComputeType<T>;
  const Tensor &x = ctx.tensor(0), &y = ctx.tensor(2);
  const PoolShape s = plane_shape(x, y, dims);
  const PlaneStrides xs = plane_strides(x, dims), ys = plane_strides(y, dims);
  for_each_plane(s, s.in[0] * s.in[1] * s.in[2], ctx.frame->hooks, [&](int64_t n, int64_t c) {
    const T* px = x.as<T>() + n * xs.batch + c * xs.channel;
    T* py = y.as<T>() + n * ys.batch + c * ys.channel;
    for_each_position(s, [&](const int64_t(&o)[3]) {
      const Window w = adaptive_window(s, o);
      C sum{};
      for (int64_t i = w.begin[0]; i < w.end[0]; ++i)
        for (int64_t j = w.begin[1]; j < w.end[1]; ++j)
          for (int64_t k = w.begin[2]; k < w.end[2]; ++k) sum += load(px + i * xs.at[0] + j * xs.at[1] + k * xs.at[2]);
      int64_t count = 1;
      for (int d = 0; d < 3; ++d) count *= w.end[d] - w.begin[d];
      store(py + o[0] * ys.at[0] + o[1] * ys.at[1] + o[2] * ys.at[2], sum / static_cast<C>(count));
    });
  });
  return Error::Ok;
}

template <class T>
[[gnu::noinline]] Error largest(OpContext ctx, uint32_t dims) noexcept {
  const PoolShape s = plane_shape(ctx.tensor(0), ctx.tensor(2), dims);
  largest_of_windows<T>(ctx, s, dims, 2, s.in[0] * s.in[1] * s.in[2], [&](const int64_t(&o)[3]) { return adaptive_window(s, o); });
  return Error::Ok;
}

template <class T>
struct Average2 {
  static Error run(OpContext ctx) noexcept { return average<T>(ctx, 2); }
};
template <class T>
struct Average3 {
  static Error run(OpContext ctx) noexcept { return average<T>(ctx, 3); }
};
template <class T>
struct Max2 {
  static Error run(OpContext ctx) noexcept { return largest<T>(ctx, 2); }
};
template <class T>
struct Max3 {
  static Error run(OpContext ctx) noexcept { return largest<T>(ctx, 3); }
};

// in * out must fit: window borders are computed from it. Only averages let channels be none.
Error infer(InferContext& ctx, uint32_t dims, bool needs_channels, Meta* y) {
  *y = ctx.meta(0);
  const Ints out = ctx.ints(1);
  if (y->rank != dims + 1 && y->rank != dims + 2) return Error::BadShape;
  if (out.size != dims) return Error::BadArgument;
  if (needs_channels && y->sizes[y->rank - dims - 1] < 1) return Error::BadShape;
  for (uint32_t d = 0; d < dims; ++d) {
    int64_t& size = y->sizes[y->rank - dims + d];
    int64_t product = 0;
    if (size < 1 || out[d] < 0 || !checked_multiply(size, out[d], &product) || !checked_add(product, size, &product))
      return Error::BadShape;
    size = out[d];
  }
  return Error::Ok;
}
template <uint32_t dims>
Error infer_average(InferContext& ctx) noexcept {
  Meta y;
  ETC_TRY(infer(ctx, dims, false, &y));
  return ctx.set_result(0, y);
}
template <uint32_t dims>
Error infer_max(InferContext& ctx) noexcept {
  Meta y;
  ETC_TRY(infer(ctx, dims, true, &y));
  ETC_TRY(ctx.set_result(0, y));
  y.dtype = DType::I64;
  return ctx.set_result(1, y);
}
Kernel select_average2(OpContext ctx) noexcept { return kernel_for<Average2>(ctx.tensor(0).dtype, FloatTypes{}); }
Kernel select_average3(OpContext ctx) noexcept { return kernel_for<Average3>(ctx.tensor(0).dtype, FloatTypes{}); }
Kernel select_max2(OpContext ctx) noexcept { return kernel_for<Max2>(ctx.tensor(0).dtype, FloatTypes{}); }
Kernel select_max3(OpContext ctx) noexcept { return kernel_for<Max3>(ctx.tensor(0).dtype, FloatTypes{}); }

}  // namespace

ETC_OP(adaptive_avg_pool2d, "aten::_adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor", infer_average<2>, select_average2);
ETC_OP(adaptive_avg_pool3d, "aten::_adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor", infer_average<3>, select_average3);
ETC_OP(adaptive_max_pool2d, "aten::adaptive_max_pool2d(Tensor self, int[2] output_size) -> (Tensor, Tensor)", infer_max<2>, select_max2);
ETC_OP(adaptive_max_pool3d, "aten::adaptive_max_pool3d(Tensor self, int[3] output_size) -> (Tensor, Tensor)", infer_max<3>, select_max3);
}  // namespace etc
