// aten::maximum, aten::minimum – NaN wins.
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct Maximum {
  T operator()(T x, T y) const { return x > y || x != x ? x : y; }
};
template <class T>
struct Minimum {
  T operator()(T x, T y) const { return x < y || x != x ? x : y; }
};

}  // namespace

ETC_OP(maximum, "aten::maximum(Tensor self, Tensor other) -> Tensor", infer_same<2>, (select_binary<Maximum, AllTypes>), kBinary)
ETC_OP(minimum, "aten::minimum(Tensor self, Tensor other) -> Tensor", infer_same<2>, (select_binary<Minimum, AllTypes>), kBinary)
}  // namespace etc
