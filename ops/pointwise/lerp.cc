// aten::lerp – from self towards end by weight; computed from the nearer side, so that both ends are met exactly.
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct Lerp {
  T operator()(T a, T b, T weight) const {
    const bool near_a = weight < T(0.5) && weight > T(-0.5);
    return near_a ? a + weight * (b - a) : b - (b - a) * (T{1} - weight);
  }
};

Kernel select(OpContext ctx) noexcept { return Elementwise<Lerp, 3, 3>::select(ctx, FloatTypes{}); }

}  // namespace

ETC_OP(lerp, "aten::lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor", infer_float<3>, select, traits_of(Promotion::Same, 7))
}  // namespace etc
