// aten::var – the mean, then squared distances from it. The mean is rounded, so the distances do not quite sum to zero: the square of
// their sum is taken off, which matters when the mean is large beside the spread.
#include "ops/pointwise.h"
#include "ops/reduce/reduce.h"

namespace etc {
namespace {

template <class A>
struct Sum {
  using Acc = A;
  A identity() const { return A{0}; }
  A map(A x, uint32_t) const { return x; }
  A combine(A a, A b) const { return a + b; }
};
template <class A>
struct Distances : Sum<A> {
  const A* mean;
  explicit Distances(const A* m) : mean(m) {}
  A map(A x, uint32_t lane) const { return x - mean[lane]; }
};
template <class A>
struct SquaredDistances : Distances<A> {
  using Distances<A>::Distances;
  A map(A x, uint32_t lane) const { return (x - this->mean[lane]) * (x - this->mean[lane]); }
};

Error infer(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0);
  uint32_t mask;
  ETC_TRY(reduced_dims(ctx, 1, m.rank, &mask));
  if (!is_computing_float(m.dtype)) return Error::BadArgument;
  return ctx.set_result(0, reduced_meta(m, mask, ctx.boolean(3)));
}

template <class T>
struct Var {
  static Error run(OpContext ctx) noexcept {
    using A = ComputeType<T>;
    const Tensor &x = ctx.tensor(0), &result = ctx.tensor(4);
    const uint32_t mask = reduced_dims_checked(ctx, 1, x.rank);
    const double count = static_cast<double>(reduced_count(x, mask)), freedom = count - (ctx.has(2) ? ctx.real(2) : 1.0);
    const A n = static_cast<A>(count), divisor = static_cast<A>(freedom > 0 ? freedom : 0);
    const ReducePlan plan(result, x, mask);
    T* r = result.as<T>();
    for_each_block(plan, x.as<const T>(), [&](const ReduceBlock<T>& block, ptrdiff_t at, ptrdiff_t step) {
      A mean[kLanes], distances[kLanes], squares[kLanes];
      accumulate(Sum<A>{}, block, mean);
      for (uint32_t k = 0; k < block.lanes; ++k) mean[k] /= n;
      accumulate(Distances<A>(mean), block, distances);
      accumulate(SquaredDistances<A>(mean), block, squares);
      for (uint32_t k = 0; k < block.lanes; ++k)
        store(r + at + static_cast<ptrdiff_t>(k) * step, (squares[k] - distances[k] * (distances[k] / n)) / divisor);
    });
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return kernel_for<Var>(ctx.tensor(0).dtype, FloatTypes{}); }

}  // namespace

ETC_OP(var, "aten::var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor", infer, select)
}  // namespace etc
