// aten::div – true division in floats, and towards zero or minus infinity in any number type.
#include "ops/pointwise/division.h"

namespace etc {
namespace {

template <class T>
struct Div {
  T operator()(T x, T y) const { return x / y; }
};

template <class T>
struct DivTrunc {
  bool* by_zero;
  T operator()(T x, T y) const {
    if constexpr (std::is_floating_point_v<T>) {
      return math::trunc(x / y);
    } else {
      return divide(x, y, by_zero).quotient;
    }
  }
};

template <class T>
struct DivFloor {
  bool* by_zero;
  T operator()(T x, T y) const {
    if constexpr (std::is_floating_point_v<T>) {
      // Python's way: from the exact remainder, since the rounded quotient may reach the next integer.
      if (y == 0) return x / y;
      const T rest = math::fmod(x, y);
      T quotient = (x - rest) / y;
      if (rest != 0 && (y < 0) != (rest < 0)) quotient -= 1;
      if (quotient == 0) return math::copysign(T{0}, x / y);
      const T down = math::floor(quotient);
      return quotient - down > T(0.5) ? down + 1 : down;
    } else {
      const Quotient<T> q = divide(x, y, by_zero);
      return static_cast<T>(q.quotient - (q.rest != 0 && (q.rest < 0) != (y < 0)));
    }
  }
};

enum class Rounding { None, Trunc, Floor, Unknown };
Rounding rounding_of(OpContext ctx) {
  if (!ctx.has(2)) return Rounding::None;
  const Span<const char> mode = ctx.string(2);
  if (mode.size != 5) return Rounding::Unknown;
  if (std::memcmp(mode.data, "trunc", 5) == 0) return Rounding::Trunc;
  return std::memcmp(mode.data, "floor", 5) == 0 ? Rounding::Floor : Rounding::Unknown;
}

// Without a mode integers divide to float.
Error infer_mode(InferContext& ctx) noexcept {
  const Rounding mode = rounding_of(ctx);
  Meta m;
  ETC_TRY(broadcast_arguments(ctx, 2, &m));
  if (mode == Rounding::Unknown) return Error::BadArgument;
  if (mode == Rounding::None && !is_floating(m.dtype)) m.dtype = DType::F32;
  return ctx.set_result(0, m);
}

template <class T>
struct DivToFloat {
  float operator()(T x, T y) const { return static_cast<float>(x) / static_cast<float>(y); }
};

Kernel select_mode(OpContext ctx) noexcept {
  const DType dtype = ctx.tensor(0).dtype;
  switch (rounding_of(ctx)) {
    case Rounding::Trunc: return kernel_for<Dividing<DivTrunc, 3>::On>(dtype, NumberTypes{});
    case Rounding::Floor: return kernel_for<Dividing<DivFloor, 3>::On>(dtype, NumberTypes{});
    case Rounding::None:
      if (!is_floating(dtype)) return select_binary<DivToFloat, IntAndBoolTypes, 3, float>(ctx);
      return select_binary<Div, FloatTypes, 3>(ctx);
    case Rounding::Unknown: break;
  }
  return nullptr;
}

}  // namespace

ETC_OP(div, "aten::div.Tensor(Tensor self, Tensor other) -> Tensor", infer_float<2>, (select_binary<Div, FloatTypes>), kBinaryFloat)
ETC_OP(div_mode, "aten::div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor", infer_mode, select_mode, kBinary)
}  // namespace etc
