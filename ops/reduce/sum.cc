// aten::sum, mean, prod – over any dimensions. Integers are summed in int64, halves in float.
#include "ops/reduce/reduce.h"
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class A>
struct Add {
  using Acc = A;
  A identity() const { return A{0}; }
  template <class C>
  A map(C x, uint32_t) const {
    return static_cast<A>(x);
  }
  A combine(A a, A b) const { return static_cast<A>(static_cast<Wrapping<A>>(a) + static_cast<Wrapping<A>>(b)); }
};
template <class A>
struct Multiply {
  using Acc = A;
  A identity() const { return A{1}; }
  template <class C>
  A map(C x, uint32_t) const {
    return static_cast<A>(x);
  }
  A combine(A a, A b) const { return static_cast<A>(static_cast<Wrapping<A>>(a) * static_cast<Wrapping<A>>(b)); }
};

// How the arguments lie in each op's schema.
struct SumCall {
  static constexpr uint32_t kDType = 3, kResult = 4;
  static Error dims(OpContext ctx, uint32_t rank, uint32_t* mask) { return reduced_dims(ctx, 1, rank, mask); }
  static bool keepdim(OpContext ctx) { return ctx.boolean(2); }
};
struct ProdCall {
  static constexpr uint32_t kDType = 1, kResult = 2;
  static Error dims(OpContext, uint32_t rank, uint32_t* mask) {
    *mask = rank ? (1u << rank) - 1 : 0;
    return Error::Ok;
  }
  static bool keepdim(OpContext) { return false; }
};
struct ProdDimCall {
  static constexpr uint32_t kDType = 3, kResult = 4;
  static Error dims(OpContext ctx, uint32_t rank, uint32_t* mask) { return reduced_dim(ctx, 1, rank, mask); }
  static bool keepdim(OpContext ctx) { return ctx.boolean(2); }
};

template <class Call>
Error infer(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0);
  uint32_t mask;
  ETC_TRY(Call::dims(ctx, m.rank, &mask));
  Meta r = reduced_meta(m, mask, Call::keepdim(ctx));
  ETC_TRY(summed_dtype(ctx, Call::kDType, m.dtype, &r.dtype));
  return ctx.set_result(0, r);
}
Error infer_mean(InferContext& ctx) noexcept {
  DType dtype;
  ETC_TRY(summed_dtype(ctx, SumCall::kDType, ctx.tensor(0).dtype, &dtype));
  return is_computing_float(dtype) ? infer<SumCall>(ctx) : Error::BadArgument;
}

enum class Scale { None, Mean };

template <template <class> class Op, class Call, Scale kScale>
struct Summing {
  template <class A>
  static auto finish(const Tensor& x, uint32_t mask) {
    const A count = static_cast<A>(reduced_count(x, mask));
    return [count](A total) {
      if constexpr (kScale == Scale::Mean && std::is_floating_point_v<A>) return total / count;
      (void)count;
      return total;
    };
  }
  // The argument and the result have the dtype that is accumulated in.
  template <class A>
  struct Same {
    static Error run(OpContext ctx) noexcept {
      const Tensor& x = ctx.tensor(0);
      uint32_t mask;
      ETC_TRY(Call::dims(ctx, x.rank, &mask));
      reduce<A, A>(Op<A>{}, ctx.tensor(Call::kResult), x, mask, finish<A>(x, mask));
      return Error::Ok;
    }
  };
  // One of them has another.
  template <class A>
  struct Converted {
    static Error run(OpContext ctx) noexcept {
      const Tensor &x = ctx.tensor(0), &result = ctx.tensor(Call::kResult);
      uint32_t mask;
      ETC_TRY(Call::dims(ctx, x.rank, &mask));
      reduce_converted(Op<A>{}, result.dtype, result, x, mask, finish<A>(x, mask));
      return Error::Ok;
    }
  };
  static Kernel select(OpContext ctx) noexcept {
    const DType from = ctx.tensor(0).dtype, to = ctx.tensor(Call::kResult).dtype;
    using Accumulators = Types<float, double, int64_t>;
    if (from == to && to == accumulator_of(to)) return kernel_for<Same>(to, Accumulators{});
    return kernel_for<Converted, accumulators_of(kSelectedDTypes)>(accumulator_of(to), Accumulators{});
  }
};

}  // namespace

ETC_OP(sum, "aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", infer<SumCall>,
       (Summing<Add, SumCall, Scale::None>::select))
ETC_OP(mean, "aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", infer_mean,
       (Summing<Add, SumCall, Scale::Mean>::select))
ETC_OP(prod, "aten::prod(Tensor self, *, ScalarType? dtype=None) -> Tensor", infer<ProdCall>,
       (Summing<Multiply, ProdCall, Scale::None>::select))
ETC_OP(prod_dim, "aten::prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", infer<ProdDimCall>,
       (Summing<Multiply, ProdDimCall, Scale::None>::select))
}  // namespace etc
