// aten::upsample_linear1d, upsample_bilinear2d, upsample_trilinear3d – weighted means of the two input elements around each place,
// dimension by dimension.
#include "ops/resize/scale.h"

namespace etc {
namespace {

template <uint32_t N>
Error infer(InferContext& ctx) noexcept {
  return resized(ctx, N);
}

// Arguments: self, output_size, align_corners, N scales; then the result. Missing outer dimensions count as one element.
template <uint32_t N>
struct Linear {
  template <class C>
  struct Pair {
    int64_t low, high;  // elements around the place
    C weight;           // of the higher one
  };
  template <class C>
  static Pair<C> around(OpContext ctx, uint32_t axis, int64_t i, int64_t in, int64_t out) {
    if (axis < 3 - N || in == out) return {axis < 3 - N ? 0 : i, axis < 3 - N ? 0 : i, C{0}};
    const uint32_t argument = 3 + axis - (3 - N);
    const bool corners = ctx.boolean(2);
    const C place = resize_place(resize_step<C>(in, out, corners, ctx.has(argument) ? ctx.real(argument) : 0), i, corners, false);
    int64_t low = static_cast<int64_t>(place);
    if (low > in - 1) low = in - 1;
    const C weight = place - static_cast<C>(low);
    return {low, low + 1 < in ? low + 1 : low, weight < 0 ? C{0} : weight > 1 ? C{1} : weight};
  }
  template <class T>
  struct Kernel {
    static Error run(OpContext ctx) noexcept {
      using C = ComputeType<T>;
      const Tensor &self = ctx.tensor(0), &result = ctx.tensor(3 + N);
      int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
      for (uint32_t d = 0; d < N; ++d) in[3 - N + d] = self.sizes[2 + d], out[3 - N + d] = result.sizes[2 + d];
      const int64_t planes = self.sizes[0] * self.sizes[1], plane = in[0] * in[1] * in[2];
      const int64_t result_plane = out[0] * out[1] * out[2];
      for (int64_t z = 0; z < out[0]; ++z) {
        const Pair<C> pz = around<C>(ctx, 0, z, in[0], out[0]);
        for (int64_t y = 0; y < out[1]; ++y) {
          const Pair<C> py = around<C>(ctx, 1, y, in[1], out[1]);
          for (int64_t x = 0; x < out[2]; ++x) {
            const Pair<C> px = around<C>(ctx, 2, x, in[2], out[2]);
            for (int64_t p = 0; p < planes; ++p) {
              const T* from = self.as<T>() + p * plane;
              auto row = [&](int64_t iz, int64_t iy) {
                const T* r = from + (iz * in[1] + iy) * in[2];
                return (C{1} - px.weight) * load(r + px.low) + px.weight * load(r + px.high);
              };
              auto slice = [&](int64_t iz) { return (C{1} - py.weight) * row(iz, py.low) + py.weight * row(iz, py.high); };
              store(result.as<T>() + p * result_plane + (z * out[1] + y) * out[2] + x,
                    (C{1} - pz.weight) * slice(pz.low) + pz.weight * slice(pz.high));
            }
          }
        }
      }
      return Error::Ok;
    }
  };
  static etc::Kernel select(OpContext ctx) noexcept {
    return are_contiguous(ctx, 0, 1) && are_contiguous(ctx, 3 + N, 1) ? kernel_for<Kernel>(ctx.tensor(0).dtype, FloatTypes{}) : nullptr;
  }
};

}  // namespace

ETC_OP(upsample_linear1d, "aten::upsample_linear1d(Tensor self, SymInt[1] output_size, bool align_corners, float? scales=None) -> Tensor",
       infer<1>, Linear<1>::select);
ETC_OP(upsample_bilinear2d,
       "aten::upsample_bilinear2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> "
       "Tensor",
       infer<2>, Linear<2>::select);
ETC_OP(
    upsample_trilinear3d,
    "aten::upsample_trilinear3d(Tensor self, SymInt[3] output_size, bool align_corners, float? scales_d=None, float? scales_h=None, float? "
    "scales_w=None) -> Tensor",
    infer<3>, Linear<3>::select);
}  // namespace etc
