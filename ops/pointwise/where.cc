// aten::where – elements of one tensor where a bool condition holds, of another elsewhere. Moves bits: one kernel for each width.
#include "ops/pointwise.h"

namespace etc {
namespace {

// The condition keeps its dtype: the compiler promotes the other two alone.
Error infer(InferContext& ctx) noexcept {
  const Meta condition = ctx.meta(0);
  Meta m = ctx.meta(1);
  if (condition.dtype != DType::Bool || ctx.tensor(2).dtype != m.dtype) return Error::BadArgument;
  ETC_TRY(broadcast_sizes(m, ctx.meta(2), &m));
  ETC_TRY(broadcast_sizes(condition, m, &m));
  return ctx.set_result(0, m);
}

template <class T>
struct Where {
  static Error run(OpContext ctx) noexcept {
    map<T, bool, T, T>([](bool c, T x, T y) { return c ? x : y; }, ctx.tensor(3), ctx.tensor(0), ctx.tensor(1), ctx.tensor(2));
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return kernel_for_width<Where>(ctx.tensor(1).dtype); }

}  // namespace

ETC_OP(where, "aten::where.self(Tensor condition, Tensor self, Tensor other) -> Tensor", infer, select, traits_of(Promotion::Same, 7))
}  // namespace etc
