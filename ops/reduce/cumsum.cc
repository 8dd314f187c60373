// aten::cumsum, cumprod – running totals along a dimension, floats in double, as PyTorch does on CPUs; integers in int64.
#include "ops/pointwise.h"
#include "ops/reduce/reduce.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  uint32_t dim;
  if (!wrap_dimension(ctx.integer(1), m.rank, &dim)) return Error::BadArgument;
  ETC_TRY(summed_dtype(ctx, 2, m.dtype, &m.dtype));
  return ctx.set_result(0, m);
}

template <bool kProduct>
struct Cumulative {
  // A: what is added up. Elements first take the result's dtype, in chunks, so that any argument will do.
  template <class A>
  struct On {
    static Error run(OpContext ctx) noexcept {
      const Tensor &x = ctx.tensor(0), &result = ctx.tensor(3);
      uint32_t mask;
      ETC_TRY(reduced_dim(ctx, 1, x.rank, &mask));
      const ReducePlan plan(result, x, mask, true);
      const ConvertedRows<A> rows(x.dtype, result.dtype);
      const ptrdiff_t bytes = static_cast<ptrdiff_t>(size_in_bytes(result.dtype)), step = plan.reduced.steps[0];
      if (plan.reduced.empty) return Error::Ok;
      for_each_row(plan.kept, [&](const ptrdiff_t(&kept)[2]) {
        for (ptrdiff_t i = 0; i < plan.kept.length; ++i) {
          A total = kProduct ? A{1} : A{0};
          std::byte* r = result.as<std::byte>() + (kept[0] + i * plan.kept.steps[0]) * bytes;
          const ptrdiff_t start = kept[1] + i * plan.kept.steps[1];
          rows.for_each_chunk(x.data, start, plan.reduced.steps[1], plan.reduced.length, [&](const A* e, ptrdiff_t n) {
            A totals[4 * kLanes];
            for (ptrdiff_t j = 0; j < n; ++j) {
              const auto a = static_cast<Wrapping<A>>(total), b = static_cast<Wrapping<A>>(e[j]);
              totals[j] = total = static_cast<A>(kProduct ? a * b : a + b);
            }
            convert_row(DTypeOf<A>::value, totals, 1, result.dtype, r, step, n);
            r += n * step * bytes;
          });
        }
      });
      return Error::Ok;
    }
  };
  static Kernel select(OpContext ctx) noexcept {
    const DType dtype = ctx.tensor(3).dtype;
    return dtype == DType::F32 || dtype == DType::F64 ? On<double>::run : is_floating(dtype) ? On<float>::run : On<int64_t>::run;
  }
};

}  // namespace

ETC_OP(cumsum, "aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", infer, Cumulative<false>::select, kUnary)
ETC_OP(cumprod, "aten::cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", infer, Cumulative<true>::select, kUnary)
}  // namespace etc
