// etc::fast_layer_norm, etc::fast_rms_norm – each row (the last dimension) by its mean and variance, or its root mean square, in f32.
#include "ops/cpu/product.h"

namespace etc {
namespace {

using namespace cpu;

// Argument 0 and the vectors from position 1 to `eps`; the result has its sizes.
Error infer_rows(InferContext& ctx, uint32_t eps) {
  const Meta x = ctx.meta(0);
  if (x.dtype != DType::F32) return Error::BadArgument;
  if (x.rank < 1 || x.sizes[x.rank - 1] < 1) return Error::BadShape;
  for (uint32_t i = 1; i < eps; ++i) ETC_TRY(check_vector(ctx, i, x.sizes[x.rank - 1]));
  return ctx.set_result(0, x);
}

// Calls f(x, y) for each row.
template <class F>
void for_each_row(OpContext ctx, uint32_t result, const F& f) {
  const Tensor &x = ctx.tensor(0), &y = ctx.tensor(result);
  const uint32_t last = x.rank - 1u;
  int64_t rows = 1;
  for (uint32_t d = 0; d < last; ++d) rows *= x.sizes[d];
  const int64_t x_row = stride_of_joined(x, 0, last), y_row = stride_of_joined(y, 0, last);
  const Pieces pieces(rows, 32768 / x.sizes[last] + 1, 64);
  parallel_for(ctx.frame->hooks, pieces.count, [&](int64_t piece) {
    for (int64_t r = pieces.begin(piece); r < pieces.end(piece); ++r) f(x.as<float>() + r * x_row, y.as<float>() + r * y_row);
  });
}

bool takes_rows(OpContext ctx, uint32_t eps) {
  return has_rows(ctx.tensor(0)) && has_rows(ctx.tensor(eps + 1)) && are_contiguous(ctx, 1, eps - 1);
}

Error infer_layer_norm(InferContext& ctx) noexcept { return infer_rows(ctx, 3); }
Error run_layer_norm(OpContext ctx) noexcept {
  const float *weight = vector_or_null(ctx, 1), *bias = vector_or_null(ctx, 2), eps = static_cast<float>(ctx.real(3));
  const int64_t n = ctx.tensor(0).sizes[ctx.tensor(0).rank - 1u];
  for_each_row(ctx, 4, [&](const float* x, float* y) { kernels().layer_norm(x, n, weight, bias, eps, y); });
  return Error::Ok;
}
Kernel select_layer_norm(OpContext ctx) noexcept { return takes_rows(ctx, 3) ? run_layer_norm : nullptr; }

Error infer_rms_norm(InferContext& ctx) noexcept { return infer_rows(ctx, 2); }
Error run_rms_norm(OpContext ctx) noexcept {
  const float *weight = vector_or_null(ctx, 1), eps = static_cast<float>(ctx.real(2));
  const int64_t n = ctx.tensor(0).sizes[ctx.tensor(0).rank - 1u];
  for_each_row(ctx, 3, [&](const float* x, float* y) { kernels().rms_norm(x, n, weight, eps, y); });
  return Error::Ok;
}
Kernel select_rms_norm(OpContext ctx) noexcept { return takes_rows(ctx, 2) ? run_rms_norm : nullptr; }

}  // namespace

ETC_OP(fast_layer_norm, "etc::fast_layer_norm(Tensor x, Tensor? weight, Tensor? bias, float eps) -> Tensor", infer_layer_norm,
       select_layer_norm, {Promotion::None, 1});
ETC_OP(fast_rms_norm, "etc::fast_rms_norm(Tensor x, Tensor? weight, float eps) -> Tensor", infer_rms_norm, select_rms_norm,
       {Promotion::None, 1});
}  // namespace etc
