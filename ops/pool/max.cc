// aten::max_pool2d_with_indices, aten::max_pool3d_with_indices – the largest element of sliding windows, and its index in the plane.
#include "ops/pool/largest.h"

namespace etc {
namespace {

constexpr uint32_t kFirstResult = 6;

template <class T>
[[gnu::noinline]] Error pool(OpContext ctx, uint32_t dims) noexcept {
  PoolShape s = plane_shape(ctx.tensor(0), ctx.tensor(kFirstResult), dims);
  set_windows(ctx, dims, true, &s);
  largest_of_windows<T>(ctx, s, dims, kFirstResult, s.positions() * s.window_size(), [&](const int64_t(&o)[3]) {
    Window w;
    for (int d = 0; d < 3; ++d) {
      int64_t begin = o[d] * s.stride[d] - s.padding[d];
      const int64_t end = begin + (s.window[d] - 1) * s.dilation[d] + 1;
      if (begin < 0) begin += (-begin + s.dilation[d] - 1) / s.dilation[d] * s.dilation[d];
      w.begin[d] = begin;
      w.end[d] = end < s.in[d] ? end : s.in[d];
      w.step[d] = s.dilation[d];
    }
    return w;
  });
  return Error::Ok;
}
template <class T>
struct Max2 {
  static Error run(OpContext ctx) noexcept { return pool<T>(ctx, 2); }
};
template <class T>
struct Max3 {
  static Error run(OpContext ctx) noexcept { return pool<T>(ctx, 3); }
};

template <uint32_t dims>
Error infer(InferContext& ctx) noexcept {
  Meta y;
  ETC_TRY(infer_windows(ctx, dims, true, ctx.boolean(5), &y));
  ETC_TRY(ctx.set_result(0, y));
  y.dtype = DType::I64;
  return ctx.set_result(1, y);
}
Kernel select2(OpContext ctx) noexcept { return kernel_for<Max2>(ctx.tensor(0).dtype, NumberTypes{}); }
Kernel select3(OpContext ctx) noexcept { return kernel_for<Max3>(ctx.tensor(0).dtype, NumberTypes{}); }

}  // namespace

ETC_OP(max_pool2d_with_indices,
       "aten::max_pool2d_with_indices(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool "
       "ceil_mode=False) -> (Tensor, Tensor)",
       infer<2>, select2);
ETC_OP(max_pool3d_with_indices,
       "aten::max_pool3d_with_indices(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool "
       "ceil_mode=False) -> (Tensor, Tensor)",
       infer<3>, select3);
}  // namespace etc
