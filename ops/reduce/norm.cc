// aten::linalg_vector_norm – of any order: 0 counts, the infinities take an extreme, p in general.
#include "ops/math.h"
#include "ops/pointwise.h"
#include "ops/reduce/reduce.h"

namespace etc {
namespace {

enum class Order { Zero, One, Two, Max, Min, Power };
Order order_of(double p) {
  if (p == 0) return Order::Zero;
  if (p == 1) return Order::One;
  if (p == 2) return Order::Two;
  if (math::is_infinite(p)) return p > 0 ? Order::Max : Order::Min;
  return Order::Power;
}

// The dtype argument, if given, is the dtype computed in: the argument is converted to it.
Error infer(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0);
  uint32_t mask;
  ETC_TRY(reduced_dims(ctx, 2, m.rank, &mask));
  if (!is_computing_float(m.dtype)) return Error::BadArgument;
  Meta r = reduced_meta(m, mask, ctx.boolean(3));
  ETC_TRY(summed_dtype(ctx, 4, m.dtype, &r.dtype));
  if (!is_computing_float(r.dtype) || size_in_bytes(r.dtype) < size_in_bytes(m.dtype)) return Error::BadArgument;
  const double p = ctx.real(1);
  if ((p < 0 || math::is_infinite(p)) && reduces_nothing(m, mask)) return Error::BadShape;
  return ctx.set_result(0, r);
}

template <class A, Order kOrder>
struct Norm {
  using Acc = A;
  A power;
  A identity() const { return kOrder == Order::Min ? math::infinity<A>() : A{0}; }
  A map(A x, uint32_t) const {
    const A a = math::fabs(x);
    switch (kOrder) {
      case Order::Zero: return x != A{0} ? A{1} : A{0};
      case Order::Two: return x * x;
      case Order::Power: return math::pow(a, power);
      default: return a;
    }
  }
  A combine(A a, A b) const {
    if constexpr (kOrder == Order::Max) return a > b || a != a ? a : b;
    if constexpr (kOrder == Order::Min) return a < b || a != a ? a : b;
    return a + b;
  }
  A finish(A total) const {
    if constexpr (kOrder == Order::Two) return math::sqrt(total);
    if constexpr (kOrder == Order::Power) return math::pow(total, A{1} / power);
    return total;
  }
};

template <class A, Order kOrder>
Error run(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(0), &result = ctx.tensor(5);
  const uint32_t mask = reduced_dims_checked(ctx, 2, x.rank);
  const Norm<A, kOrder> op{static_cast<A>(ctx.real(1))};
  const auto finish = [&op](A total) { return op.finish(total); };
  if (x.dtype == DTypeOf<A>::value && result.dtype == x.dtype) {
    reduce<A, A>(op, result, x, mask, finish);
  } else {
    reduce_converted(op, result.dtype, result, x, mask, finish);
  }
  return Error::Ok;
}

template <Order kOrder>
Kernel select_order(OpContext ctx) {
  return ctx.tensor(5).dtype == DType::F64 ? run<double, kOrder> : run<float, kOrder>;
}

Kernel select(OpContext ctx) noexcept {
  switch (order_of(ctx.real(1))) {
    case Order::Zero: return select_order<Order::Zero>(ctx);
    case Order::One: return select_order<Order::One>(ctx);
    case Order::Two: return select_order<Order::Two>(ctx);
    case Order::Max: return select_order<Order::Max>(ctx);
    case Order::Min: return select_order<Order::Min>(ctx);
    case Order::Power: break;
  }
  return select_order<Order::Power>(ctx);
}

}  // namespace

ETC_OP(linalg_vector_norm,
       "aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
       infer, select)
}  // namespace etc
