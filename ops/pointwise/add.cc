// aten::add, aten::sub – with a factor alpha on the second argument. Integers wrap; the sum of bools is their or.
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct Add {
  T alpha;
  explicit Add(OpContext ctx) : alpha(number<T>(ctx, 2)) {}
  T operator()(T x, T y) const {
    using W = Wrapping<T>;
    if constexpr (std::is_same_v<T, bool>) {
      return x || (alpha && y);
    } else {
      return static_cast<T>(static_cast<W>(x) + static_cast<W>(alpha) * static_cast<W>(y));
    }
  }
};

template <class T>
struct Sub {
  T alpha;
  explicit Sub(OpContext ctx) : alpha(number<T>(ctx, 2)) {}
  T operator()(T x, T y) const {
    using W = Wrapping<T>;
    return static_cast<T>(static_cast<W>(x) - static_cast<W>(alpha) * static_cast<W>(y));
  }
};

}  // namespace

ETC_OP(add, "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", infer_same<2>, (select_binary<Add, AllTypes, 3>),
       kBinary)
ETC_OP(sub, "aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor", infer_same<2>, (select_binary<Sub, NumberTypes, 3>),
       kBinary)
}  // namespace etc
