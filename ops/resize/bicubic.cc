// aten::upsample_bicubic2d – cubic convolution over four by four elements; beyond the border the edge repeats.
#include "ops/resize/cubic.h"
#include "ops/resize/scale.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept { return resized(ctx, 2); }

int64_t clamp_index(int64_t i, int64_t size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

template <class T>
struct Bicubic {
  static Error run(OpContext ctx) noexcept {
    using C = ComputeType<T>;
    const Tensor &self = ctx.tensor(0), &result = ctx.tensor(5);
    const bool corners = ctx.boolean(2);
    const int64_t height = self.sizes[2], width = self.sizes[3], out_height = result.sizes[2], out_width = result.sizes[3];
    const C step_y = resize_step<C>(height, out_height, corners, ctx.has(3) ? ctx.real(3) : 0);
    const C step_x = resize_step<C>(width, out_width, corners, ctx.has(4) ? ctx.real(4) : 0);
    const int64_t planes = self.sizes[0] * self.sizes[1];
    for (int64_t y = 0; y < out_height; ++y) {
      const C at_y = resize_place(step_y, y, corners, true), floor_y = math::floor(at_y);
      C weight_y[4];
      cubic_weights(at_y - floor_y, weight_y);
      for (int64_t x = 0; x < out_width; ++x) {
        const C at_x = resize_place(step_x, x, corners, true), floor_x = math::floor(at_x);
        C weight_x[4];
        cubic_weights(at_x - floor_x, weight_x);
        for (int64_t p = 0; p < planes; ++p) {
          const T* from = self.as<T>() + p * height * width;
          C sum{};
          for (int64_t i = 0; i < 4; ++i) {
            const T* row = from + clamp_index(static_cast<int64_t>(floor_y) + i - 1, height) * width;
            C along{};
            for (int64_t j = 0; j < 4; ++j) along += weight_x[j] * load(row + clamp_index(static_cast<int64_t>(floor_x) + j - 1, width));
            sum += weight_y[i] * along;
          }
          store(result.as<T>() + (p * out_height + y) * out_width + x, sum);
        }
      }
    }
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 1) && are_contiguous(ctx, 5, 1) ? kernel_for<Bicubic>(ctx.tensor(0).dtype, FloatTypes{}) : nullptr;
}

}  // namespace

ETC_OP(upsample_bicubic2d,
       "aten::upsample_bicubic2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> "
       "Tensor",
       infer, select);
}  // namespace etc
