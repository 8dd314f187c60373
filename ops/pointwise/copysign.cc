// aten::copysign – the magnitude of one, the sign bit of the other, NaN's too.
#include "ops/math.h"
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct Copysign {
  T operator()(T x, T y) const { return math::copysign(x, y); }
};

}  // namespace

ETC_OP(copysign, "aten::copysign.Tensor(Tensor self, Tensor other) -> Tensor", infer_float<2>, (select_binary<Copysign, FloatTypes>),
       kBinaryFloat)
}  // namespace etc
