// aten::argmax, argmin, max.dim, min.dim – where the extreme lies, the first of equals; NaN is the extreme.
#include "ops/reduce/reduce.h"

namespace etc {
namespace {

template <bool kMax, class C>
bool beats(C x, C best) {
  return (kMax ? x > best : x < best) || (x != x && best == best);
}

Error infer_arg(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  uint32_t mask;
  ETC_TRY(reduced_dim(ctx, 1, m.rank, &mask));
  if (reduces_nothing(m, mask) || (!ctx.has(1) && ctx.tensor(0).numel() == 0)) return Error::BadShape;
  m.dtype = DType::I64;
  return ctx.set_result(0, reduced_meta(m, mask, ctx.boolean(2)));
}

Error infer_both(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0);
  uint32_t mask;
  ETC_TRY(reduced_dim(ctx, 1, m.rank, &mask));
  if (reduces_nothing(m, mask)) return Error::BadShape;
  Meta r = reduced_meta(m, mask, ctx.boolean(2));
  ETC_TRY(ctx.set_result(0, r));
  r.dtype = DType::I64;
  return ctx.set_result(1, r);
}

// f(offset of the result, best element, its number in row-major order of the reduced dimensions) for each result.
template <bool kMax, class T, class F>
void search(const Tensor& result, const Tensor& x, uint32_t mask, F f) {
  using C = ComputeType<T>;
  const ReducePlan plan(result, x, mask);
  const T* data = x.as<const T>();
  for_each_row(plan.kept, [&](const ptrdiff_t(&kept)[2]) {
    for (ptrdiff_t i = 0; i < plan.kept.length; ++i) {
      const T* start = data + kept[1] + i * plan.kept.steps[1];
      C best = load(start);
      int64_t best_at = 0, number = 0;
      for_each_row(plan.reduced, [&](const ptrdiff_t(&at)[2]) {
        for (ptrdiff_t j = 0; j < plan.reduced.length; ++j, ++number) {
          const C e = load(start + at[1] + j * plan.reduced.steps[1]);
          if (beats<kMax>(e, best)) best = e, best_at = number;
        }
      });
      f(kept[0] + i * plan.kept.steps[0], best, best_at);
    }
  });
}

template <bool kMax>
struct Arg {
  template <class T>
  struct On {
    static Error run(OpContext ctx) noexcept {
      const Tensor &x = ctx.tensor(0), &result = ctx.tensor(3);
      uint32_t mask;
      ETC_TRY(reduced_dim(ctx, 1, x.rank, &mask));
      search<kMax, T>(result, x, mask, [&](ptrdiff_t at, ComputeType<T>, int64_t index) { result.as<int64_t>()[at] = index; });
      return Error::Ok;
    }
  };
  static Kernel select(OpContext ctx) noexcept { return kernel_for<On>(ctx.tensor(0).dtype, NumberTypes{}); }
};

template <bool kMax>
struct Both {
  template <class T>
  struct On {
    static Error run(OpContext ctx) noexcept {
      const Tensor &x = ctx.tensor(0), &values = ctx.tensor(3), &indices = ctx.tensor(4);
      uint32_t mask;
      ETC_TRY(reduced_dim(ctx, 1, x.rank, &mask));
      T* v = values.as<T>();
      int64_t* n = indices.as<int64_t>();
      search<kMax, T>(values, x, mask, [v](ptrdiff_t at, ComputeType<T> best, int64_t) { store(v + at, best); });
      search<kMax, T>(indices, x, mask, [n](ptrdiff_t at, ComputeType<T>, int64_t index) { n[at] = index; });
      return Error::Ok;
    }
  };
  static Kernel select(OpContext ctx) noexcept { return kernel_for<On>(ctx.tensor(0).dtype, AllTypes{}); }
};

}  // namespace

ETC_OP(argmax, "aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor", infer_arg, Arg<true>::select)
ETC_OP(argmin, "aten::argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor", infer_arg, Arg<false>::select)
ETC_OP(max_dim, "aten::max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)", infer_both,
       Both<true>::select)
ETC_OP(min_dim, "aten::min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)", infer_both,
       Both<false>::select)
}  // namespace etc
