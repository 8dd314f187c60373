// aten::clamp between numbers or tensors, aten::hardtanh. NaN stays NaN, in an element or a bound; where the bounds cross, the upper wins.
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
T at_least(T x, T low) {
  return x < low || low != low ? low : x;
}
template <class T>
T at_most(T x, T high) {
  return x > high || high != high ? high : x;
}

template <class T>
struct Clamp {
  bool has_low, has_high;
  T low, high;
  explicit Clamp(OpContext ctx)
      : has_low(ctx.has(1)), has_high(ctx.has(2)), low(has_low ? number<T>(ctx, 1) : T{}), high(has_high ? number<T>(ctx, 2) : T{}) {}
  template <class X>
  T operator()(X x) const {
    T y = static_cast<T>(x);
    if (has_low) y = at_least(y, low);
    if (has_high) y = at_most(y, high);
    return y;
  }
};

bool is_real(OpContext ctx, uint32_t i) {
  const OperandKind kind = ctx.operand(i).kind;
  return kind == OperandKind::Real || kind == OperandKind::RealSlot;
}
bool widens(OpContext ctx) { return !is_floating(ctx.tensor(0).dtype) && (is_real(ctx, 1) || is_real(ctx, 2)); }

// Integers between floating bounds become float.
Error infer_clamp(InferContext& ctx) noexcept {
  if (!ctx.has(1) && !ctx.has(2)) return Error::BadArgument;
  Meta m = ctx.meta(0);
  if (widens(ctx)) m.dtype = DType::F32;
  return ctx.set_result(0, m);
}

template <class T>
struct ClampToFloat {
  static Error run(OpContext ctx) noexcept {
    map<float, T>(Clamp<float>(ctx), ctx.tensor(3), ctx.tensor(0));
    return Error::Ok;
  }
};

Kernel select_clamp(OpContext ctx) noexcept {
  if (widens(ctx)) return kernel_for<ClampToFloat>(ctx.tensor(0).dtype, IntAndBoolTypes{});
  return select_unary<Clamp, NumberTypes, 3>(ctx);
}

// A bound that is None is left out of everything: the kernel sees as many operands as are given.
Error infer_tensors(InferContext& ctx) noexcept {
  if (!ctx.has(1) && !ctx.has(2)) return Error::BadArgument;
  Meta m = ctx.meta(0);
  for (uint32_t i = 1; i < 3; ++i) {
    if (!ctx.has(i)) continue;
    if (ctx.tensor(i).dtype != m.dtype) return Error::BadArgument;
    ETC_TRY(broadcast_sizes(m, ctx.meta(i), &m));
  }
  return ctx.set_result(0, m);
}

template <class T>
struct ClampTensors {
  static Error run(OpContext ctx) noexcept {
    using C = ComputeType<T>;
    const Tensor &result = ctx.tensor(3), &x = ctx.tensor(0);
    if (!ctx.has(1)) {
      map<T, T, T>([](C v, C high) { return at_most(v, high); }, result, x, ctx.tensor(2));
    } else if (!ctx.has(2)) {
      map<T, T, T>([](C v, C low) { return at_least(v, low); }, result, x, ctx.tensor(1));
    } else {
      // A NaN in the lower bound stays: the upper does not replace it, as no comparison with it holds.
      map<T, T, T, T>([](C v, C low, C high) { return at_most(at_least(v, low), high); }, result, x, ctx.tensor(1), ctx.tensor(2));
    }
    return Error::Ok;
  }
};

Kernel select_tensors(OpContext ctx) noexcept { return kernel_for<ClampTensors>(ctx.tensor(0).dtype, NumberTypes{}); }

}  // namespace

ETC_OP(clamp, "aten::clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor", infer_clamp, select_clamp, kUnary)
ETC_OP(clamp_Tensor, "aten::clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor", infer_tensors, select_tensors,
       traits_of(Promotion::Same, 7))
ETC_OP(hardtanh, "aten::hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor", infer_same<1>,
       (select_unary<Clamp, NumberTypes, 3>), kUnary)
}  // namespace etc
