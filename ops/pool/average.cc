// aten::avg_pool2d, aten::avg_pool3d – the mean of sliding windows.
#include "ops/pool/shape.h"

namespace etc {
namespace {

constexpr uint32_t kCeilMode = 4, kCountPadding = 5, kDivisor = 6, kResult = 7;

template <class T>
[[gnu::noinline]] Error pool(OpContext ctx, uint32_t dims) noexcept {
  using C = ComputeType<T>;
  const Tensor &x = ctx.tensor(0), &y = ctx.tensor(kResult);
  PoolShape s = plane_shape(x, y, dims);
  set_windows(ctx, dims, false, &s);
  const bool counts_padding = ctx.boolean(kCountPadding);
  const int64_t divisor = ctx.integer_or(kDivisor, 0);
  const PlaneStrides xs = plane_strides(x, dims), ys = plane_strides(y, dims);

  for_each_plane(s, s.positions() * s.window_size(), ctx.frame->hooks, [&](int64_t n, int64_t c) {
    const T* px = x.as<T>() + n * xs.batch + c * xs.channel;
    T* py = y.as<T>() + n * ys.batch + c * ys.channel;
    for_each_position(s, [&](const int64_t(&o)[3]) {
      int64_t begin[3], end[3], with_padding = 1, inside = 1;
      for (int d = 0; d < 3; ++d) {
        begin[d] = o[d] * s.stride[d] - s.padding[d];
        end[d] = begin[d] + s.window[d] < s.in[d] + s.padding[d] ? begin[d] + s.window[d] : s.in[d] + s.padding[d];
        with_padding *= end[d] - begin[d];
        if (begin[d] < 0) begin[d] = 0;
        if (end[d] > s.in[d]) end[d] = s.in[d];
        inside *= end[d] > begin[d] ? end[d] - begin[d] : 0;
      }
      C sum{};
      for (int64_t i = begin[0]; i < end[0]; ++i)
        for (int64_t j = begin[1]; j < end[1]; ++j)
          for (int64_t k = begin[2]; k < end[2]; ++k) sum += load(px + i * xs.at[0] + j * xs.at[1] + k * xs.at[2]);
      // A window wholly in the padding gives zero, and has no elements to divide by.
      const C count = static_cast<C>(divisor ? divisor : counts_padding ? with_padding : inside);
      store(py + o[0] * ys.at[0] + o[1] * ys.at[1] + o[2] * ys.at[2], inside > 0 ? sum / count : C{});
    });
  });
  return Error::Ok;
}
template <class T>
struct Average2 {
  static Error run(OpContext ctx) noexcept { return pool<T>(ctx, 2); }
};
template <class T>
struct Average3 {
  static Error run(OpContext ctx) noexcept { return pool<T>(ctx, 3); }
};

template <uint32_t dims>
Error infer(InferContext& ctx) noexcept {
  Meta y;
  ETC_TRY(infer_windows(ctx, dims, false, ctx.boolean(kCeilMode), &y));
  if (ctx.has(kDivisor) && ctx.integer(kDivisor) == 0) return Error::BadArgument;
  return ctx.set_result(0, y);
}
Kernel select2(OpContext ctx) noexcept { return kernel_for<Average2>(ctx.tensor(0).dtype, FloatTypes{}); }
Kernel select3(OpContext ctx) noexcept { return kernel_for<Average3>(ctx.tensor(0).dtype, FloatTypes{}); }

}  // namespace

ETC_OP(avg_pool2d,
       "aten::avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool ceil_mode=False, bool "
       "count_include_pad=True, int? divisor_override=None) -> Tensor",
       infer<2>, select2);
ETC_OP(avg_pool3d,
       "aten::avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, bool ceil_mode=False, bool "
       "count_include_pad=True, int? divisor_override=None) -> Tensor",
       infer<3>, select3);
}  // namespace etc
