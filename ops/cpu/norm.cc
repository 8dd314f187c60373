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

// The weight, and the bias if there is one, follow x; then comes eps, then the result.
Error run_rows(OpContext ctx, uint32_t eps, void (*kernel)(const NormRows&) noexcept) {
  const Tensor &x = ctx.tensor(0), &y = ctx.tensor(eps + 1);
  const uint32_t last = x.rank - 1u;
  int64_t rows = 1;
  for (uint32_t d = 0; d < last; ++d) rows *= x.sizes[d];
  NormRows all;
  all.size = x.sizes[last];
  all.x_row = stride_of_joined(x, 0, last), all.y_row = stride_of_joined(y, 0, last);
  all.weight = vector_or_null(ctx, 1), all.bias = eps > 2 ? vector_or_null(ctx, 2) : nullptr;
  all.eps = static_cast<float>(ctx.real(eps));
  const Pieces pieces(rows, 32768 / all.size + 1, 64);
  parallel_for(ctx.frame->hooks, pieces.count, [&](int64_t piece) {
    const int64_t first = pieces.begin(piece);
    NormRows some = all;
    some.rows = pieces.end(piece) - first;
    some.x = x.as<float>() + first * all.x_row, some.y = y.as<float>() + first * all.y_row;
    kernel(some);
  });
  return Error::Ok;
}

bool takes_rows(OpContext ctx, uint32_t eps) {
  return has_rows(ctx.tensor(0)) && has_rows(ctx.tensor(eps + 1)) && are_contiguous(ctx, 1, eps - 1);
}

Error infer_layer_norm(InferContext& ctx) noexcept { return infer_rows(ctx, 3); }
Error run_layer_norm(OpContext ctx) noexcept { return run_rows(ctx, 3, kernels().layer_norm); }
Kernel select_layer_norm(OpContext ctx) noexcept { return takes_rows(ctx, 3) ? run_layer_norm : nullptr; }

Error infer_rms_norm(InferContext& ctx) noexcept { return infer_rows(ctx, 2); }
Error run_rms_norm(OpContext ctx) noexcept { return run_rows(ctx, 2, kernels().rms_norm); }
Kernel select_rms_norm(OpContext ctx) noexcept { return takes_rows(ctx, 2) ? run_rms_norm : nullptr; }

}  // namespace

ETC_OP(fast_layer_norm, "etc::fast_layer_norm(Tensor x, Tensor? weight, Tensor? bias, float eps) -> Tensor", infer_layer_norm,
       select_layer_norm, {Promotion::None, 1});
ETC_OP(fast_rms_norm, "etc::fast_rms_norm(Tensor x, Tensor? weight, float eps) -> Tensor", infer_rms_norm, select_rms_norm,
       {Promotion::None, 1});
}  // namespace etc
