// aten::_softmax, _log_softmax – along one dimension, halves in float; with half_to_float the result is float too.
#include "ops/reduce/softmax.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  uint32_t dim;
  if (!wrap_dimension(ctx.integer(1), m.rank, &dim) || !is_computing_float(m.dtype)) return Error::BadArgument;
  if (ctx.boolean(2)) {
    if (m.dtype != DType::F16) return Error::BadArgument;
    m.dtype = DType::F32;
  }
  return ctx.set_result(0, m);
}

template <class T, class R, bool kLog>
Error run(OpContext ctx) noexcept {
  using A = ComputeType<T>;
  const Tensor &x = ctx.tensor(0), &result = ctx.tensor(3);
  uint32_t mask;
  ETC_TRY(reduced_dim(ctx, 1, x.rank, &mask));
  const ReducePlan plan(result, x, mask, true);
  for_each_block(plan, x.as<const T>(), [&](const ReduceBlock<T>& block, ptrdiff_t at, ptrdiff_t step) {
    A largest[kLanes], sums[kLanes], scale[kLanes];
    accumulate(Largest<A>{}, block, largest);
    accumulate(SumOfExponentials<A>{largest}, block, sums);
    for (uint32_t k = 0; k < block.lanes; ++k) scale[k] = kLog ? math::log(sums[k]) : A{1} / sums[k];
    R* r = result.as<R>() + at;
    block.for_each(step, [&](uint32_t lane, ptrdiff_t to, ptrdiff_t from) {
      const A shifted = load(block.x + from) - largest[lane];
      store(r + to, kLog ? shifted - scale[lane] : math::exp(shifted) * scale[lane]);
    });
  });
  return Error::Ok;
}

template <bool kLog>
struct Kernels {
  template <class T>
  struct On {
    static Error run(OpContext ctx) noexcept { return etc::run<T, T, kLog>(ctx); }
  };
  static Kernel select(OpContext ctx) noexcept {
    if (ctx.boolean(2)) return run<Half, float, kLog>;
    return kernel_for<On>(ctx.tensor(0).dtype, FloatTypes{});
  }
};

}  // namespace

ETC_OP(softmax, "aten::_softmax(Tensor self, int dim, bool half_to_float) -> Tensor", infer, Kernels<false>::select, kUnary)
ETC_OP(log_softmax, "aten::_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor", infer, Kernels<true>::select, kUnary)
}  // namespace etc
