// aten::fmod (the sign of the dividend) and aten::remainder (the sign of the divisor, as in Python).
#include "ops/pointwise/division.h"

namespace etc {
namespace {

template <class T>
struct Fmod {
  bool* by_zero;
  T operator()(T x, T y) const {
    if constexpr (std::is_floating_point_v<T>) {
      return math::fmod(x, y);
    } else {
      return divide(x, y, by_zero).rest;
    }
  }
};

template <class T>
struct Remainder {
  bool* by_zero;
  T operator()(T x, T y) const {
    const T rest = Fmod<T>{by_zero}(x, y);
    return rest != 0 && (rest < 0) != (y < 0) ? static_cast<T>(rest + y) : rest;
  }
};

template <template <class> class F>
Kernel select(OpContext ctx) noexcept {
  return kernel_for<Dividing<F, 2>::template On>(ctx.tensor(0).dtype, NumberTypes{});
}

}  // namespace

ETC_OP(fmod, "aten::fmod.Tensor(Tensor self, Tensor other) -> Tensor", infer_same<2>, select<Fmod>, kBinary)
ETC_OP(remainder, "aten::remainder.Tensor(Tensor self, Tensor other) -> Tensor", infer_same<2>, select<Remainder>, kBinary)
}  // namespace etc
