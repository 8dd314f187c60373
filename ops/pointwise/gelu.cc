// aten::gelu – x times the normal distribution's integral, by erf or by the usual tanh.
#include "ops/math.h"
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct Gelu {
  T operator()(T x) const { return T(0.5) * x * (T{1} + math::erf(x * T(0.70710678118654752440))); }
};
template <class T>
struct GeluTanh {
  T operator()(T x) const {
    const T inner = T(0.79788456080286535588) * (x + T(0.044715) * (x * x * x));  // sqrt(2/pi)
    return T(0.5) * x * (T{1} + math::tanh(inner));
  }
};

bool is(Span<const char> text, const char* word) { return text.size == std::strlen(word) && std::memcmp(text.data, word, text.size) == 0; }

Error infer(InferContext& ctx) noexcept {
  if (!is(ctx.string(1), "none") && !is(ctx.string(1), "tanh")) return Error::BadArgument;
  return infer_float<1>(ctx);
}

Kernel select(OpContext ctx) noexcept {
  return is(ctx.string(1), "tanh") ? select_unary<GeluTanh, FloatTypes, 2>(ctx) : select_unary<Gelu, FloatTypes, 2>(ctx);
}

}  // namespace

ETC_OP(gelu, "aten::gelu(Tensor self, *, str approximate=\"none\") -> Tensor", infer, select, kUnary)
}  // namespace etc
