// aten::sqrt, rsqrt, reciprocal, hypot.
#include "ops/pointwise/elementary.h"

namespace etc {
ETC_ELEMENTARY_OP(sqrt)

namespace {
template <class T>
struct Rsqrt {
  T operator()(T x) const { return T{1} / math::sqrt(x); }
};
template <class T>
struct Reciprocal {
  T operator()(T x) const { return T{1} / x; }
};
template <class T>
struct Hypot {
  T operator()(T x, T y) const { return math::hypot(x, y); }
};
}  // namespace

ETC_OP(rsqrt, "aten::rsqrt(Tensor self) -> Tensor", infer_float<1>, (select_unary<Rsqrt, FloatTypes>), kUnaryFloat)
ETC_OP(reciprocal, "aten::reciprocal(Tensor self) -> Tensor", infer_float<1>, (select_unary<Reciprocal, FloatTypes>), kUnaryFloat)
ETC_OP(hypot, "aten::hypot(Tensor self, Tensor other) -> Tensor", infer_float<2>, (select_binary<Hypot, FloatTypes>), kBinary)
}  // namespace etc
