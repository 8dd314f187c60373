// aten::addmm – beta * self + alpha * (mat1 @ mat2), self broadcast.
#include "ops/linalg/product_op.h"

namespace etc {
namespace {

template <class T>
struct Addmm {
  static Matmul<T> product(OpContext ctx) {
    Matmul<T> p = matrices_of<T>(ctx.tensor(1), ctx.tensor(2), ctx.tensor(5));
    set_addend(ctx, 0, 3, 4, &p);
    return p;
  }
  static uint64_t scratch(OpContext ctx) { return matmul_scratch(product(ctx)); }
  static Error run(OpContext ctx) noexcept {
    matmul(product(ctx), ctx.scratch(), ctx.frame->hooks);
    return Error::Ok;
  }
};

Error infer(InferContext& ctx) noexcept {
  Meta result;
  ETC_TRY(infer_sum(ctx.meta(0), ctx.meta(1), ctx.meta(2), 2, &result));
  return ctx.set_result(0, result);
}
Kernel select(OpContext ctx) noexcept { return kernel_for<Addmm>(ctx.tensor(1).dtype, NumberTypes{}); }
uint64_t scratch_bytes(OpContext ctx) noexcept { return scratch_for<Addmm>(ctx.tensor(1).dtype, NumberTypes{}, ctx); }

}  // namespace

ETC_OP(addmm, "aten::addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor", infer, select,
       {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
