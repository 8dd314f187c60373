// aten::neg, abs, sign, relu. The negative of the lowest integer is itself; NaN stays NaN in all but sign, where it becomes 0.
#include "ops/math.h"
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
T negative(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return -x;
  } else {
    return static_cast<T>(Wrapping<T>{0} - static_cast<Wrapping<T>>(x));
  }
}

template <class T>
struct Neg {
  T operator()(T x) const { return negative(x); }
};
template <class T>
struct Abs {
  T operator()(T x) const {
    if constexpr (std::is_floating_point_v<T>) {
      return math::fabs(x);
    } else {
      return x < 0 ? negative(x) : x;
    }
  }
};
template <class T>
struct Sign {
  T operator()(T x) const { return static_cast<T>((T{0} < x) - (x < T{0})); }
};
template <class T>
struct Relu {
  T operator()(T x) const { return x < T{0} ? T{0} : x; }
};

}  // namespace

ETC_OP(neg, "aten::neg(Tensor self) -> Tensor", infer_same<1>, (select_unary<Neg, NumberTypes>), kUnary)
ETC_OP(abs, "aten::abs(Tensor self) -> Tensor", infer_same<1>, (select_unary<Abs, NumberTypes>), kUnary)
ETC_OP(sign, "aten::sign(Tensor self) -> Tensor", infer_same<1>, (select_unary<Sign, AllTypes>), kUnary)
ETC_OP(relu, "aten::relu(Tensor self) -> Tensor", infer_same<1>, (select_unary<Relu, NumberTypes>), kUnary)
}  // namespace etc
