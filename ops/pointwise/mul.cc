// aten::mul. Integers wrap; the product of bools is their and.
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct Mul {
  T operator()(T x, T y) const { return static_cast<T>(static_cast<Wrapping<T>>(x) * static_cast<Wrapping<T>>(y)); }
};

using MulTypes = Types<float, double, Half, BFloat16, uint8_t, int8_t, int16_t, int32_t, int64_t, bool, uint16_t, uint32_t, uint64_t>;

}  // namespace

ETC_OP(mul, "aten::mul.Tensor(Tensor self, Tensor other) -> Tensor", infer_same<2>, (select_binary<Mul, MulTypes>), kBinary)
}  // namespace etc
