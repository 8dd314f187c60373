// aten::linear – input @ weight^T + bias, over the last dimension of an input of any rank.
#include "ops/linalg/product_op.h"

namespace etc {
namespace {

template <class T>
struct Linear {
  static Matmul<T> product(OpContext ctx) {
    const Tensor &x = ctx.tensor(0), &w = ctx.tensor(1), &y = ctx.tensor(3);
    Matmul<T> p;
    p.m = 1;
    for (uint32_t d = 0; d + 1 < x.rank; ++d) p.m *= x.sizes[d];
    p.k = x.sizes[x.rank - 1];
    p.a = x.as<T>();
    p.a_row = stride_of_joined(x, 0, x.rank - 1u);
    p.a_column = x.strides[x.rank - 1];
    p.b = w.as<T>();
    p.b_row = w.strides[w.rank - 1];
    p.b_column = w.rank == 2 ? w.strides[0] : 0;
    p.n = w.rank == 2 ? w.sizes[0] : 1;
    p.end.c = y.as<T>();
    const uint32_t rows = x.rank - 1u;  // a vector as weight leaves no last dimension
    p.end.c_row = stride_of_joined(y, 0, rows);
    p.end.c_column = w.rank == 2 ? y.strides[rows] : 1;
    if (ctx.has(2)) {
      const Tensor& bias = ctx.tensor(2);
      p.end.add = bias.as<T>();
      p.end.add_column = bias.rank ? repeating_stride(bias, 0) : 0;
    }
    return p;
  }
  static uint64_t scratch(OpContext ctx) { return matmul_scratch(product(ctx)); }
  static Error run(OpContext ctx) noexcept {
    matmul(product(ctx), ctx.scratch(), ctx.frame->hooks);
    return Error::Ok;
  }
};

Error infer(InferContext& ctx) noexcept {
  const Meta x = ctx.meta(0), w = ctx.meta(1);
  if (x.rank < 1 || w.rank < 1 || w.rank > 2) return Error::BadShape;
  if (w.dtype != x.dtype || (ctx.has(2) && ctx.meta(2).dtype != x.dtype)) return Error::BadArgument;
  if (w.sizes[w.rank - 1] != x.sizes[x.rank - 1]) return Error::BadShape;
  Meta y = x;
  if (w.rank == 2)
    y.sizes[y.rank - 1] = w.sizes[0];
  else
    --y.rank;
  if (ctx.has(2)) {
    const Meta b = ctx.meta(2);
    if (b.rank > 1 || (b.rank == 1 && b.sizes[0] != 1 && (w.rank == 1 || b.sizes[0] != w.sizes[0]))) return Error::BadShape;
  }
  return ctx.set_result(0, y);
}

Kernel select(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(0), &y = ctx.tensor(3);
  const uint32_t rows = x.rank - 1u;
  return are_joined(x, 0, rows) && are_joined(y, 0, rows) ? kernel_for<Linear>(x.dtype, NumberTypes{}) : nullptr;
}
uint64_t scratch_bytes(OpContext ctx) noexcept { return scratch_for<Linear>(ctx.tensor(0).dtype, NumberTypes{}, ctx); }

}  // namespace

ETC_OP(linear, "aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor", infer, select,
       {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
