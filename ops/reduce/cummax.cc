// aten::cummax, cummin – running extremes along a dimension and where they are, the last of equals; NaN stays.
#include "ops/pointwise.h"
#include "ops/reduce/reduce.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  uint32_t dim;
  if (!wrap_dimension(ctx.integer(1), m.rank, &dim)) return Error::BadArgument;
  ETC_TRY(ctx.set_result(0, m));
  m.dtype = DType::I64;
  return ctx.set_result(1, m);
}

// f(offset in `result`, extreme so far, its index) along every line.
template <bool kMax, class T, class F>
void scan(const Tensor& result, const Tensor& x, uint32_t mask, F f) {
  using C = ComputeType<T>;
  const ReducePlan plan(result, x, mask, true);
  if (plan.reduced.empty) return;
  const T* data = x.as<const T>();
  for_each_row(plan.kept, [&](const ptrdiff_t(&kept)[2]) {
    for (ptrdiff_t i = 0; i < plan.kept.length; ++i) {
      const T* line = data + kept[1] + i * plan.kept.steps[1];
      C best = load(line);
      int64_t best_at = 0;
      for (ptrdiff_t j = 0; j < plan.reduced.length; ++j) {
        const C e = load(line + j * plan.reduced.steps[1]);
        if ((kMax ? e >= best : e <= best) || e != e) best = e, best_at = j;
        f(kept[0] + i * plan.kept.steps[0] + j * plan.reduced.steps[0], best, best_at);
      }
    }
  });
}

template <bool kMax>
struct Kernels {
  template <class T>
  struct On {
    static Error run(OpContext ctx) noexcept {
      const Tensor &x = ctx.tensor(0), &values = ctx.tensor(2), &indices = ctx.tensor(3);
      uint32_t mask;
      ETC_TRY(reduced_dim(ctx, 1, x.rank, &mask));
      scan<kMax, T>(indices, x, mask, [&](ptrdiff_t at, ComputeType<T>, int64_t index) { indices.as<int64_t>()[at] = index; });
      scan<kMax, T>(values, x, mask, [&](ptrdiff_t at, ComputeType<T> best, int64_t) { store(values.as<T>() + at, best); });
      return Error::Ok;
    }
  };
  static Kernel select(OpContext ctx) noexcept { return kernel_for<On>(ctx.tensor(0).dtype, AllTypes{}); }
};

}  // namespace

ETC_OP(cummax, "aten::cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)", infer, Kernels<true>::select)
ETC_OP(cummin, "aten::cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)", infer, Kernels<false>::select)
}  // namespace etc
