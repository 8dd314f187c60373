// aten::floor, ceil, trunc, round (ties to even, also at a decimal). Integers are what they are.
#include "ops/math.h"
#include "ops/pointwise.h"

namespace etc {
namespace {

using RoundedTypes = Types<float, double, Half, BFloat16, uint8_t, int8_t, int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t>;

#define ETC_ROUNDING(Name, function)               \
  template <class T>                               \
  struct Name {                                    \
    T operator()(T x) const {                      \
      if constexpr (std::is_floating_point_v<T>) { \
        return math::function(x);                  \
      } else {                                     \
        return x;                                  \
      }                                            \
    }                                              \
  };
ETC_ROUNDING(Floor, floor)
ETC_ROUNDING(Ceil, ceil)
ETC_ROUNDING(Trunc, trunc)
ETC_ROUNDING(Round, round_half_even)
#undef ETC_ROUNDING

// As PyTorch computes it: scaled by a power of ten, which is not the decimal rounding of the exact value.
template <class T>
struct RoundDecimals {
  T power;
  bool negative;
  explicit RoundDecimals(OpContext ctx) : negative(ctx.integer(1) < 0) {
    const double decimals = static_cast<double>(ctx.integer(1));
    power = static_cast<T>(math::pow(10.0, negative ? -decimals : decimals));
  }
  T operator()(T x) const { return negative ? math::round_half_even(x / power) * power : math::round_half_even(x * power) / power; }
};

}  // namespace

ETC_OP(floor, "aten::floor(Tensor self) -> Tensor", infer_same<1>, (select_unary<Floor, RoundedTypes>), kUnary)
ETC_OP(ceil, "aten::ceil(Tensor self) -> Tensor", infer_same<1>, (select_unary<Ceil, RoundedTypes>), kUnary)
ETC_OP(trunc, "aten::trunc(Tensor self) -> Tensor", infer_same<1>, (select_unary<Trunc, RoundedTypes>), kUnary)
ETC_OP(round, "aten::round(Tensor self) -> Tensor", infer_same<1>, (select_unary<Round, RoundedTypes>), kUnary)
ETC_OP(round_decimals, "aten::round.decimals(Tensor self, *, int decimals) -> Tensor", infer_float<1>,
       (select_unary<RoundDecimals, FloatTypes, 2>), kUnary)
}  // namespace etc
