// aten::eq, ne, lt, le, gt, ge – two tensors of one dtype, a bool result.
#include "ops/pointwise.h"

namespace etc {
namespace {

#define ETC_COMPARISON(Name, op)                       \
  template <class T>                                   \
  struct Name {                                        \
    bool operator()(T x, T y) const { return x op y; } \
  };
ETC_COMPARISON(Eq, ==)
ETC_COMPARISON(Ne, !=)
ETC_COMPARISON(Lt, <)
ETC_COMPARISON(Le, <=)
ETC_COMPARISON(Gt, >)
ETC_COMPARISON(Ge, >=)
#undef ETC_COMPARISON

using ComparedTypes = Types<float, double, Half, BFloat16, uint8_t, int8_t, int16_t, int32_t, int64_t, bool, uint16_t, uint32_t, uint64_t,
                            Float8E4M3FN, Float8E5M2>;

template <template <class> class F>
Kernel select(OpContext ctx) noexcept {
  return select_binary<F, ComparedTypes, 2, bool>(ctx);
}

}  // namespace

ETC_OP(eq, "aten::eq.Tensor(Tensor self, Tensor other) -> Tensor", infer_bool<2>, select<Eq>, kBinary)
ETC_OP(ne, "aten::ne.Tensor(Tensor self, Tensor other) -> Tensor", infer_bool<2>, select<Ne>, kBinary)
ETC_OP(lt, "aten::lt.Tensor(Tensor self, Tensor other) -> Tensor", infer_bool<2>, select<Lt>, kBinary)
ETC_OP(le, "aten::le.Tensor(Tensor self, Tensor other) -> Tensor", infer_bool<2>, select<Le>, kBinary)
ETC_OP(gt, "aten::gt.Tensor(Tensor self, Tensor other) -> Tensor", infer_bool<2>, select<Gt>, kBinary)
ETC_OP(ge, "aten::ge.Tensor(Tensor self, Tensor other) -> Tensor", infer_bool<2>, select<Ge>, kBinary)
}  // namespace etc
