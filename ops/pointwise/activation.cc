// aten::silu, mish, softplus, elu, leaky_relu, hardsigmoid, hardswish. NaN stays NaN.
#include "ops/math.h"
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct Silu {
  T operator()(T x) const { return x / (T{1} + math::exp(-x)); }
};

template <class T>
struct Mish {
  // x tanh(log(1 + e^x)), with tanh and log resolved; from 30 on it is x.
  T operator()(T x) const {
    const T e = math::exp(x > T{30} ? T{30} : x), n = e * (e + T{2}), y = x * (n / (n + T{2}));
    return x > T{30} ? x : y;
  }
};

template <class T>
struct Softplus {
  T beta, threshold;
  explicit Softplus(OpContext ctx) : beta(number<T>(ctx, 1)), threshold(number<T>(ctx, 2)) {}
  T operator()(T x) const { return x * beta > threshold ? x : math::log1p(math::exp(x * beta)) / beta; }
};

template <class T>
struct Elu {
  T below, above, input;
  explicit Elu(OpContext ctx) : below(static_cast<T>(ctx.real(1) * ctx.real(2))), above(number<T>(ctx, 2)), input(number<T>(ctx, 3)) {}
  T operator()(T x) const { return x <= T{0} ? math::expm1(x * input) * below : x * above; }
};

template <class T>
struct LeakyRelu {
  T slope;
  explicit LeakyRelu(OpContext ctx) : slope(number<T>(ctx, 1)) {}
  T operator()(T x) const { return x > T{0} ? x : x * slope; }
};

// min(max(x + 3, 0), 6)
template <class T>
T hard_ramp(T x) {
  const T shifted = x + T{3}, low = shifted < T{0} ? T{0} : shifted;
  return low > T{6} ? T{6} : low;
}
template <class T>
struct HardSigmoid {
  T operator()(T x) const { return hard_ramp(x) / T{6}; }
};
template <class T>
struct HardSwish {
  T operator()(T x) const { return x * hard_ramp(x) / T{6}; }
};

}  // namespace

ETC_OP(silu, "aten::silu(Tensor self) -> Tensor", infer_float<1>, (select_unary<Silu, FloatTypes>), kUnary)
ETC_OP(mish, "aten::mish(Tensor self) -> Tensor", infer_float<1>, (select_unary<Mish, FloatTypes>), kUnary)
ETC_OP(softplus, "aten::softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor", infer_float<1>,
       (select_unary<Softplus, FloatTypes, 3>), kUnary)
ETC_OP(elu, "aten::elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor", infer_float<1>,
       (select_unary<Elu, FloatTypes, 4>), kUnary)
ETC_OP(leaky_relu, "aten::leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor", infer_float<1>,
       (select_unary<LeakyRelu, FloatTypes, 2>), kUnary)
ETC_OP(hardsigmoid, "aten::hardsigmoid(Tensor self) -> Tensor", infer_float<1>, (select_unary<HardSigmoid, FloatTypes>), kUnary)
ETC_OP(hardswish, "aten::hardswish(Tensor self) -> Tensor", infer_float<1>, (select_unary<HardSwish, FloatTypes>), kUnary)
}  // namespace etc
