// aten::bmm, aten::baddbmm – products of batches of matrices, at any strides.
#include "ops/linalg/product_op.h"

namespace etc {
namespace {

// Product i of the batch, from the first.
template <class T>
Matmul<T> product_at(const Tensor& a, const Tensor& b, const Tensor& c, int64_t i) {
  Matmul<T> p = matrices_of<T>(a, b, c);
  p.a += i * a.strides[0];
  p.b += i * b.strides[0];
  p.end.c += i * c.strides[0];
  return p;
}

template <class T>
struct Bmm {
  static uint64_t scratch(OpContext ctx) {
    return matmul_batch_scratch(matrices_of<T>(ctx.tensor(0), ctx.tensor(1), ctx.tensor(2)), ctx.tensor(0).sizes[0]);
  }
  static Error run(OpContext ctx) noexcept {
    const Tensor &a = ctx.tensor(0), &b = ctx.tensor(1), &c = ctx.tensor(2);
    matmul_batch<T>(
        a.sizes[0], [&](int64_t i) { return product_at<T>(a, b, c, i); }, ctx.scratch(), ctx.frame->hooks);
    return Error::Ok;
  }
};

template <class T>
struct Baddbmm {
  static uint64_t scratch(OpContext ctx) {
    return matmul_batch_scratch(matrices_of<T>(ctx.tensor(1), ctx.tensor(2), ctx.tensor(5)), ctx.tensor(1).sizes[0]);
  }
  static Error run(OpContext ctx) noexcept {
    const Tensor &self = ctx.tensor(0), &a = ctx.tensor(1), &b = ctx.tensor(2), &c = ctx.tensor(5);
    const auto at = [&](int64_t i) {
      Matmul<T> p = product_at<T>(a, b, c, i);
      set_addend(ctx, 0, 3, 4, &p);
      if (p.end.add && self.rank == 3) p.end.add += i * repeating_stride(self, 0);
      return p;
    };
    matmul_batch<T>(a.sizes[0], at, ctx.scratch(), ctx.frame->hooks);
    return Error::Ok;
  }
};

Error infer_bmm(InferContext& ctx) noexcept {
  Meta result;
  ETC_TRY(infer_product(ctx.meta(0), ctx.meta(1), 3, &result));
  return ctx.set_result(0, result);
}
Kernel select_bmm(OpContext ctx) noexcept { return kernel_for<Bmm>(ctx.tensor(0).dtype, NumberTypes{}); }
uint64_t scratch_bmm(OpContext ctx) noexcept { return scratch_for<Bmm>(ctx.tensor(0).dtype, NumberTypes{}, ctx); }

Error infer_baddbmm(InferContext& ctx) noexcept {
  Meta result;
  ETC_TRY(infer_sum(ctx.meta(0), ctx.meta(1), ctx.meta(2), 3, &result));
  return ctx.set_result(0, result);
}
Kernel select_baddbmm(OpContext ctx) noexcept { return kernel_for<Baddbmm>(ctx.tensor(1).dtype, NumberTypes{}); }
uint64_t scratch_baddbmm(OpContext ctx) noexcept { return scratch_for<Baddbmm>(ctx.tensor(1).dtype, NumberTypes{}, ctx); }

}  // namespace

ETC_OP(bmm, "aten::bmm(Tensor self, Tensor mat2) -> Tensor", infer_bmm, select_bmm, {Promotion::None, 0, 0, nullptr, scratch_bmm});
ETC_OP(baddbmm, "aten::baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor", infer_baddbmm,
       select_baddbmm, {Promotion::None, 0, 0, nullptr, scratch_baddbmm});
}  // namespace etc
