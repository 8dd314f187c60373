// aten::logical_and, or, xor, not – of numbers as truth values.
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct And {
  bool operator()(T x, T y) const { return (x != T{0}) & (y != T{0}); }
};
template <class T>
struct Or {
  bool operator()(T x, T y) const { return (x != T{0}) | (y != T{0}); }
};
template <class T>
struct Xor {
  bool operator()(T x, T y) const { return (x != T{0}) != (y != T{0}); }
};
template <class T>
struct Not {
  bool operator()(T x) const { return x == T{0}; }
};

template <template <class> class F>
Kernel select(OpContext ctx) noexcept {
  return select_binary<F, AllTypes, 2, bool>(ctx);
}

}  // namespace

ETC_OP(logical_and, "aten::logical_and(Tensor self, Tensor other) -> Tensor", infer_bool<2>, select<And>, kBinary)
ETC_OP(logical_or, "aten::logical_or(Tensor self, Tensor other) -> Tensor", infer_bool<2>, select<Or>, kBinary)
ETC_OP(logical_xor, "aten::logical_xor(Tensor self, Tensor other) -> Tensor", infer_bool<2>, select<Xor>, kBinary)
ETC_OP(logical_not, "aten::logical_not(Tensor self) -> Tensor", infer_bool<1>, (select_unary<Not, AllTypes, 1, bool>), kUnary)
}  // namespace etc
