// aten::sin, cos, tan and their inverses, atan2 included.
#include "ops/pointwise/elementary.h"

namespace etc {
ETC_ELEMENTARY_OP(sin)
ETC_ELEMENTARY_OP(cos)
ETC_ELEMENTARY_OP(tan)
ETC_ELEMENTARY_OP(asin)
ETC_ELEMENTARY_OP(acos)
ETC_ELEMENTARY_OP(atan)

namespace {
template <class T>
struct Atan2 {
  T operator()(T y, T x) const { return math::atan2(y, x); }
};
}  // namespace
ETC_OP(atan2, "aten::atan2(Tensor self, Tensor other) -> Tensor", infer_float<2>, (select_binary<Atan2, FloatTypes>), kBinaryFloat)
}  // namespace etc
