// aten::isnan, isinf, nan_to_num.
#include "ops/math.h"
#include "ops/pointwise.h"

namespace etc {
namespace {

using ClassifiedTypes = Types<float, double, Half, BFloat16, uint8_t, int8_t, int16_t, int32_t, int64_t, bool, uint16_t, uint32_t, uint64_t,
                              Float8E4M3FN, Float8E5M2>;

template <class T>
struct IsNan {
  bool operator()(T x) const { return x != x; }
};
template <class T>
struct IsInf {
  bool operator()(T x) const {
    if constexpr (std::is_floating_point_v<T>) {
      return math::is_infinite(x);
    } else {
      return false;
    }
  }
};

template <class T>
constexpr double kLargest = 0x1.fffffffffffffp1023;
template <>
constexpr double kLargest<float> = 0x1.fffffep127;
template <>
constexpr double kLargest<Half> = 65504;
template <>
constexpr double kLargest<BFloat16> = 0x1.fep127;

template <class T>
struct NanToNum {
  static Error run(OpContext ctx) noexcept {
    using C = ComputeType<T>;
    if constexpr (std::is_integral_v<C>) {
      map<T, T>([](C x) { return x; }, ctx.tensor(4), ctx.tensor(0));
    } else {
      const C nan = ctx.has(1) ? static_cast<C>(ctx.real(1)) : C{0};
      const C high = static_cast<C>(ctx.has(2) ? ctx.real(2) : kLargest<T>), low = static_cast<C>(ctx.has(3) ? ctx.real(3) : -kLargest<T>);
      map<T, T>([=](C x) { return x != x ? nan : !math::is_infinite(x) ? x : x > 0 ? high : low; }, ctx.tensor(4), ctx.tensor(0));
    }
    return Error::Ok;
  }
};

Kernel select_nan_to_num(OpContext ctx) noexcept { return kernel_for<NanToNum>(ctx.tensor(0).dtype, AllTypes{}); }

}  // namespace

ETC_OP(isnan, "aten::isnan(Tensor self) -> Tensor", infer_bool<1>, (select_unary<IsNan, ClassifiedTypes, 1, bool>), kUnary)
ETC_OP(isinf, "aten::isinf(Tensor self) -> Tensor", infer_bool<1>, (select_unary<IsInf, ClassifiedTypes, 1, bool>), kUnary)
ETC_OP(nan_to_num, "aten::nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor", infer_same<1>,
       select_nan_to_num, kUnary)
}  // namespace etc
