// aten::any, all – truth over any dimensions. The result is bool, but uint8 for uint8, as in PyTorch. An empty list of dimensions
// reduces none here.
#include "ops/reduce/reduce.h"

namespace etc {
namespace {

template <bool kAny>
struct Truth {
  using Acc = bool;
  bool identity() const { return !kAny; }
  bool map(bool x, uint32_t) const { return x; }
  bool combine(bool a, bool b) const { return kAny ? a | b : a & b; }
};

Error infer(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  uint32_t mask;
  ETC_TRY(reduced_dims(ctx, 1, m.rank, &mask, true));
  if (m.dtype != DType::U8) m.dtype = DType::Bool;
  return ctx.set_result(0, reduced_meta(m, mask, ctx.boolean(2)));
}

template <bool kAny>
Error run(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(0), &result = ctx.tensor(3);
  const uint32_t mask = reduced_dims_checked(ctx, 1, x.rank, true);
  const auto finish = [](bool total) { return total; };
  if (x.dtype == DType::Bool) {
    reduce<bool, bool>(Truth<kAny>{}, result, x, mask, finish);
  } else {
    reduce_converted(Truth<kAny>{}, DType::Bool, result, x, mask, finish);
  }
  return Error::Ok;
}
template <bool kAny>
Kernel select(OpContext) noexcept {
  return run<kAny>;
}

}  // namespace

ETC_OP(any, "aten::any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor", infer, select<true>)
ETC_OP(all, "aten::all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor", infer, select<false>)
}  // namespace etc
