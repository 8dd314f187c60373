// etc::packed_linear – activation(x @ weight^T + bias + residual) in f32, over the last dimension of an x of any rank. The
// weight may be bf16 or f16: what is rounded is the weight alone.
#include "ops/cpu/product.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kX = 0, kWeight = 1, kBias = 2, kResidual = 3, kColumns = 4, kActivation = 5, kResult = 6;

Error infer(InferContext& ctx) noexcept {
  Meta y = ctx.meta(kX);
  Activation activation;
  if (y.dtype != DType::F32 || !find_activation(ctx.string(kActivation), &activation)) return Error::BadArgument;
  if (y.rank < 1) return Error::BadShape;
  const int64_t columns = ctx.integer(kColumns), depth = y.sizes[y.rank - 1];
  ETC_TRY(check_panels(ctx.meta(kWeight), columns, depth, true));
  ETC_TRY(check_vector(ctx, kBias, columns));
  y.sizes[y.rank - 1] = columns;
  if (ctx.has(kResidual)) ETC_TRY(check_residual(ctx.meta(kResidual), y));
  return ctx.set_result(0, y);
}

Error run(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(kX), &y = ctx.tensor(kResult);
  const uint32_t rows = x.rank - 1u;
  Product p;
  p.rows = 1;
  for (uint32_t d = 0; d < rows; ++d) p.rows *= x.sizes[d];
  RowBlock& b = p.block;
  b.runs = 1;
  b.length = x.sizes[rows];
  use_weight(ctx, kWeight, kActivation, &b);
  b.columns = ctx.integer(kColumns);
  b.result = y.as<float>();
  b.result_row = stride_of_joined(y, 0, rows);
  if (ctx.has(kResidual)) use_residual(ctx.tensor(kResidual), &b.epilogue);
  const float* first = x.as<float>();
  const int64_t step = stride_of_joined(x, 0, rows);
  p.run(ctx.frame->hooks, 0, [&](int64_t row, int64_t count, const float** at, float**) {
    for (int64_t r = 0; r < count; ++r) at[r] = first + (row + r) * step;
  });
  return Error::Ok;
}

Kernel select(OpContext ctx) noexcept {
  for (const uint32_t i : {kX, kResidual, kResult})
    if (ctx.has(i) && !has_rows(ctx.tensor(i))) return nullptr;
  return are_contiguous(ctx, kWeight, 2) ? run : nullptr;  // and the bias
}

}  // namespace

ETC_OP(packed_linear,
       "etc::packed_linear(Tensor x, Tensor weight, Tensor? bias, Tensor? residual, SymInt columns, str activation) -> Tensor", infer,
       select, {Promotion::None, 1 << kResidual});
}  // namespace etc
