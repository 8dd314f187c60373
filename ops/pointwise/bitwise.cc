// aten::bitwise_and, or, xor, not, left_shift, right_shift – integers, the first four also bools. A shift by too much or by a negative
// number leaves what shifting all bits out leaves.
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct And {
  T operator()(T x, T y) const { return static_cast<T>(x & y); }
};
template <class T>
struct Or {
  T operator()(T x, T y) const { return static_cast<T>(x | y); }
};
template <class T>
struct Xor {
  T operator()(T x, T y) const { return static_cast<T>(x ^ y); }
};
template <class T>
struct Not {
  T operator()(T x) const {
    if constexpr (std::is_same_v<T, bool>) {
      return !x;
    } else {
      return static_cast<T>(~x);
    }
  }
};
template <class T>
struct LeftShift {
  T operator()(T x, T y) const {
    constexpr T kBits = sizeof(T) * 8;
    return y < 0 || y >= kBits ? T{0} : static_cast<T>(static_cast<Wrapping<T>>(x) << y);
  }
};
template <class T>
struct RightShift {
  T operator()(T x, T y) const {
    // An unsigned number loses its last bit only by a shift of its full width, which is done in two steps.
    constexpr T kLast = sizeof(T) * 8 - 1;
    return y < 0 || y > kLast ? static_cast<T>((x >> kLast) >> !std::is_signed_v<T>) : static_cast<T>(x >> y);
  }
};

using BitTypes = Types<uint8_t, int8_t, int16_t, int32_t, int64_t, bool, uint16_t, uint32_t, uint64_t>;

}  // namespace

ETC_OP(bitwise_and, "aten::bitwise_and.Tensor(Tensor self, Tensor other) -> Tensor", infer_same<2>, (select_binary<And, BitTypes>), kBinary)
ETC_OP(bitwise_or, "aten::bitwise_or.Tensor(Tensor self, Tensor other) -> Tensor", infer_same<2>, (select_binary<Or, BitTypes>), kBinary)
ETC_OP(bitwise_xor, "aten::bitwise_xor.Tensor(Tensor self, Tensor other) -> Tensor", infer_same<2>, (select_binary<Xor, BitTypes>), kBinary)
ETC_OP(bitwise_not, "aten::bitwise_not(Tensor self) -> Tensor", infer_same<1>, (select_unary<Not, BitTypes>), kUnary)
ETC_OP(bitwise_left_shift, "aten::bitwise_left_shift.Tensor(Tensor self, Tensor other) -> Tensor", infer_same<2>,
       (select_binary<LeftShift, IntTypes>), kBinary)
ETC_OP(bitwise_right_shift, "aten::bitwise_right_shift.Tensor(Tensor self, Tensor other) -> Tensor", infer_same<2>,
       (select_binary<RightShift, IntTypes>), kBinary)
}  // namespace etc
