// aten::amax, amin – over any dimensions; NaN wins. No result from no elements.
#include "ops/reduce/reduce.h"

namespace etc {
namespace {

template <class T>
struct Lowest {
  static constexpr T value = static_cast<T>(std::is_signed_v<T> ? uint64_t{1} << (sizeof(T) * 8 - 1) : 0);
  static constexpr T opposite = static_cast<T>(~value);
};
template <>
struct Lowest<bool> {
  static constexpr bool value = false, opposite = true;
};
template <>
struct Lowest<float> {
  static constexpr float value = -__builtin_inff(), opposite = __builtin_inff();
};
template <>
struct Lowest<double> {
  static constexpr double value = -__builtin_inf(), opposite = __builtin_inf();
};

template <class A, bool kMax>
struct Extreme {
  using Acc = A;
  A identity() const { return kMax ? Lowest<A>::value : Lowest<A>::opposite; }
  A map(A x, uint32_t) const { return x; }
  A combine(A a, A b) const { return (kMax ? a > b : a < b) || a != a ? a : b; }
};

Error infer(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0);
  uint32_t mask;
  ETC_TRY(reduced_dims(ctx, 1, m.rank, &mask));
  if (reduces_nothing(m, mask)) return Error::BadShape;
  return ctx.set_result(0, reduced_meta(m, mask, ctx.boolean(2)));
}

template <bool kMax>
struct Kernels {
  template <class T>
  struct On {
    static Error run(OpContext ctx) noexcept {
      using A = ComputeType<T>;
      const Tensor& x = ctx.tensor(0);
      reduce<T, T>(Extreme<A, kMax>{}, ctx.tensor(3), x, reduced_dims_checked(ctx, 1, x.rank), [](A total) { return total; });
      return Error::Ok;
    }
  };
  static Kernel select(OpContext ctx) noexcept { return kernel_for<On>(ctx.tensor(0).dtype, AllTypes{}); }
};

}  // namespace

ETC_OP(amax, "aten::amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor", infer, Kernels<true>::select)
ETC_OP(amin, "aten::amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor", infer, Kernels<false>::select)
}  // namespace etc
