// aten::upsample_nearest1d/2d/3d, _upsample_nearest_exact1d/2d/3d – every output element is the input element below it (exact: nearest to
// its centre).
#include "ops/resize/scale.h"

namespace etc {
namespace {

template <uint32_t N>
Error infer(InferContext& ctx) noexcept {
  return resized(ctx, N);
}

// N spatial dimensions; arguments: self, output_size, N scales; then the result.
template <uint32_t N, bool Exact>
struct Nearest {
  static int64_t source(OpContext ctx, uint32_t d, int64_t i, int64_t in, int64_t out) {
    const double scale = ctx.has(2 + d) ? ctx.real(2 + d) : 0;
    if (!Exact && out == in) return i;
    const float step = resize_step<float>(in, out, false, scale);
    const float at = Exact ? step * (static_cast<float>(i) + 0.5f) : step * static_cast<float>(i);
    const auto k = at < 9.0e18f ? static_cast<int64_t>(at) : in - 1;
    return k < in - 1 ? k : in - 1;
  }
  template <class T>
  struct Kernel {
    static Error run(OpContext ctx) noexcept {
      const Tensor &self = ctx.tensor(0), &result = ctx.tensor(2 + N);
      int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
      for (uint32_t d = 0; d < N; ++d) in[3 - N + d] = self.sizes[2 + d], out[3 - N + d] = result.sizes[2 + d];
      auto at = [&](uint32_t axis, int64_t i) { return axis < 3 - N ? 0 : source(ctx, axis - (3 - N), i, in[axis], out[axis]); };
      const int64_t planes = self.sizes[0] * self.sizes[1];
      T* to = result.as<T>();
      for (int64_t p = 0; p < planes; ++p) {
        const T* from = self.as<T>() + p * in[0] * in[1] * in[2];
        for (int64_t z = 0; z < out[0]; ++z)
          for (int64_t y = 0; y < out[1]; ++y) {
            const T* row = from + (at(0, z) * in[1] + at(1, y)) * in[2];
            for (int64_t x = 0; x < out[2]; ++x) *to++ = row[at(2, x)];
          }
      }
      return Error::Ok;
    }
  };
  static etc::Kernel select(OpContext ctx) noexcept {
    return are_contiguous(ctx, 0, 1) && are_contiguous(ctx, 2 + N, 1) ? kernel_for_width<Kernel>(ctx.tensor(0).dtype) : nullptr;
  }
};

}  // namespace

ETC_OP(upsample_nearest1d, "aten::upsample_nearest1d(Tensor self, SymInt[1] output_size, float? scales=None) -> Tensor", infer<1>,
       Nearest<1, false>::select);
ETC_OP(upsample_nearest2d,
       "aten::upsample_nearest2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? scales_w=None) -> Tensor", infer<2>,
       Nearest<2, false>::select);
ETC_OP(upsample_nearest3d,
       "aten::upsample_nearest3d(Tensor self, SymInt[3] output_size, float? scales_d=None, float? scales_h=None, float? scales_w=None) -> "
       "Tensor",
       infer<3>, Nearest<3, false>::select);
ETC_OP(upsample_nearest_exact1d, "aten::_upsample_nearest_exact1d(Tensor self, SymInt[1] output_size, float? scales=None) -> Tensor",
       infer<1>, Nearest<1, true>::select);
ETC_OP(upsample_nearest_exact2d,
       "aten::_upsample_nearest_exact2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? scales_w=None) -> Tensor",
       infer<2>, Nearest<2, true>::select);
ETC_OP(
    upsample_nearest_exact3d,
    "aten::_upsample_nearest_exact3d(Tensor self, SymInt[3] output_size, float? scales_d=None, float? scales_h=None, float? scales_w=None) "
    "-> Tensor",
    infer<3>, Nearest<3, true>::select);
}  // namespace etc
