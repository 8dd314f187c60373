// aten::logsumexp – over any dimensions, safe from overflow. An infinite largest element is the result.
#include "ops/reduce/softmax.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0);
  uint32_t mask;
  ETC_TRY(reduced_dims(ctx, 1, m.rank, &mask));
  if (!is_computing_float(m.dtype)) return Error::BadArgument;
  return ctx.set_result(0, reduced_meta(m, mask, ctx.boolean(2)));
}

template <class T>
struct LogSumExp {
  static Error run(OpContext ctx) noexcept {
    using A = ComputeType<T>;
    const Tensor &x = ctx.tensor(0), &result = ctx.tensor(3);
    const ReducePlan plan(result, x, reduced_dims_checked(ctx, 1, x.rank));
    T* r = result.as<T>();
    for_each_block(plan, x.as<const T>(), [&](const ReduceBlock<T>& block, ptrdiff_t at, ptrdiff_t step) {
      A largest[kLanes], sums[kLanes];
      accumulate(Largest<A>{}, block, largest);
      for (uint32_t k = 0; k < block.lanes; ++k)
        if (math::is_infinite(largest[k])) largest[k] = A{0};
      accumulate(SumOfExponentials<A>{largest}, block, sums);
      for (uint32_t k = 0; k < block.lanes; ++k) store(r + at + static_cast<ptrdiff_t>(k) * step, math::log(sums[k]) + largest[k]);
    });
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return kernel_for<LogSumExp>(ctx.tensor(0).dtype, FloatTypes{}); }

}  // namespace

ETC_OP(logsumexp, "aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor", infer, select, traits_of(Promotion::Float, 0))
}  // namespace etc
