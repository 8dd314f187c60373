// aten::pow of two tensors. Integer powers wrap; a negative exponent leaves 1, -1 or 0.
#include "ops/math.h"
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct Pow {
  T operator()(T x, T y) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (y == T{2}) return x * x;  // by far the most frequent, and exact to the last bit
      return math::pow(x, y);
    } else {
      if (y < 0) return x == 1 ? 1 : x == static_cast<T>(-1) ? static_cast<T>(y % 2 ? -1 : 1) : 0;
      Wrapping<T> result = 1, factor = static_cast<Wrapping<T>>(x);
      for (auto n = static_cast<std::make_unsigned_t<T>>(y); n; n = static_cast<std::make_unsigned_t<T>>(n >> 1)) {
        if (n & 1) result *= factor;
        factor *= factor;
      }
      return static_cast<T>(result);
    }
  }
};

}  // namespace

ETC_OP(pow, "aten::pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor", infer_same<2>, (select_binary<Pow, NumberTypes>), kBinary)
}  // namespace etc
