// aten::mm – the product of two matrices, at any strides.
#include "ops/linalg/product_op.h"

namespace etc {
namespace {

template <class T>
struct Mm {
  static Matmul<T> product(OpContext ctx) { return matrices_of<T>(ctx.tensor(0), ctx.tensor(1), ctx.tensor(2)); }
  static uint64_t scratch(OpContext ctx) { return matmul_scratch(product(ctx)); }
  static Error run(OpContext ctx) noexcept {
    matmul(product(ctx), ctx.scratch(), ctx.frame->hooks);
    return Error::Ok;
  }
};

Error infer(InferContext& ctx) noexcept {
  Meta result;
  ETC_TRY(infer_product(ctx.meta(0), ctx.meta(1), 2, &result));
  return ctx.set_result(0, result);
}
Kernel select(OpContext ctx) noexcept { return kernel_for<Mm>(ctx.tensor(0).dtype, NumberTypes{}); }
uint64_t scratch_bytes(OpContext ctx) noexcept { return scratch_for<Mm>(ctx.tensor(0).dtype, NumberTypes{}, ctx); }

}  // namespace

ETC_OP(mm, "aten::mm(Tensor self, Tensor mat2) -> Tensor", infer, select, {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
