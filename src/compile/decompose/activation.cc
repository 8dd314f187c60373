// Activations and softmaxes. Small floats are computed in F32 and rounded once, as PyTorch's fused kernels do.
#include <limits>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

// A formula over the first argument, computed wide.
template <class F>
Results formula(Builder& b, const Call& c, F f) {
  const Term x = term(b, c, 0);
  return {cast(f(widen(x)), x->type.dtype)};
}

Results prelu(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  Term weight = term(b, c, 1);
  const int64_t rank = rank_of(x), count = weight->type.numel();
  if (count != 1 || rank_of(weight) == 1) {  // one weight per channel, which is dimension 1
    Sizes sizes(static_cast<size_t>(std::max<int64_t>(rank, 1)), 1);
    if (count != 1) sizes[rank > 1 ? 1 : 0] = count;
    if (rank == 0) sizes.clear();
    weight = reshape(weight, sizes);
  }
  return {where(gt(x, 0), x, weight * x)};
}

Results elu_like(Builder& b, const Call& c, double alpha, double scale, double input_scale) {
  return {b.op("aten::elu", {c.args[0], alpha, scale, input_scale})};
}

Results celu(Builder& b, const Call& c) {
  const double alpha = c.real(1);
  if (alpha == 0) throw CompileError("celu with alpha 0");
  return elu_like(b, c, alpha, 1.0, 1 / alpha);
}

Results glu(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  const SymInt half = size_of(x, c.integer(1)) / 2;
  const int64_t dim = c.integer(1);
  if (half * 2 != size_of(x, dim)) throw CompileError("glu needs an even size");
  return {cast(widen(slice(x, dim, 0, half)) * sigmoid(widen(slice(x, dim, half, 2 * half))), x->type.dtype)};
}

Term log_sigmoid(const Term& x) { return minimum(x, 0.0) - log1p(exp(-abs(x))); }

// PyTorch's second result is what its backward reads: exp(-|x|) on the CPU.
Results log_sigmoid_forward(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), wide = widen(x);
  return {cast(log_sigmoid(wide), x->type.dtype), cast(exp(-abs(wide)), x->type.dtype)};
}

Results threshold(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);  // NaN is not <= the threshold and stays
  return {where(le(x, term(b, b.scalar(x->type.dtype, c.args[1]))), term(b, b.scalar(x->type.dtype, c.args[2])), x)};
}

Results hardshrink(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  const double bound = number(c.args[1]);
  return {where(both(ge(x, -bound), le(x, bound)), 0, x)};
}

Results softshrink(Builder& b, const Call& c) {
  return formula(b, c, [&](const Term& x) {
    const double bound = number(c.args[1]);
    return where(gt(x, bound), x - bound, where(lt(x, -bound), x + bound, x * 0));  // x * 0 keeps NaN
  });
}

// In training each negative element gets a slope of its own, which is 1 elsewhere.
struct Rrelu {
  Term result, slopes;
};
Rrelu rrelu(Builder& b, const Call& c, size_t lower, bool training) {
  const Term x = term(b, c, 0);
  const double from = number(c.args[lower]), to = number(c.args[lower + 1]);
  if (!training) return {apply("aten::leaky_relu", {x}, {(from + to) / 2}), term(b, c, lower - 1)};
  const Term u = term(b, b.draw(opmath(x->type.dtype), x->type.sizes));
  const Term slopes = where(gt(x, 0), 1.0, cast(u * (to - from) + from, x->type.dtype));
  return {x * slopes, slopes};
}
Results rrelu_alone(Builder& b, const Call& c) { return {rrelu(b, c, 1, c.boolean(3)).result}; }
Results rrelu_with_noise(Builder& b, const Call& c) {
  if (c.boolean(4)) throw CompileError("rrelu_with_noise in training mode writes its noise; use rrelu");
  return {rrelu(b, c, 2, false).result};
}
Results rrelu_functional(Builder& b, const Call& c) {
  const Rrelu r = rrelu(b, c, 2, c.boolean(4));
  return {r.result, r.slopes};
}

// softmax.int and log_softmax.int: the dtype is that of the result, and the input is converted first.
template <OpName op>
Results softmax(Builder& b, const Call& c) {
  Term x = term(b, c, 0);
  x = cast(x, c.dtype_or(2, x->type.dtype));
  return {apply(op.text, {x}, {c.args[1], false})};
}

// Rows that are all -inf (everything masked) become zero instead of NaN.
Results safe_softmax(Builder& b, const Call& c) {
  const Term x = cast(term(b, c, 0), c.dtype_or(2, c.tensor(0)->type.dtype));
  const Term masked =
      apply("aten::all.dims", {eq(x, -std::numeric_limits<double>::infinity())}, {std::vector<int64_t>{c.integer(1)}, true});
  return {where(masked, 0.0, apply("aten::_softmax", {x}, {c.args[1], false}))};
}

}  // namespace

std::vector<Decomposition> activation_decompositions() {
  return {
      {"aten::relu6(Tensor self) -> Tensor",
       [](Builder& b, const Call& c) -> Results {
         return b.call("aten::hardtanh", {c.args[0], 0.0, 6.0});
       }},
      {"aten::prelu(Tensor self, Tensor weight) -> Tensor", prelu},
      {"aten::_prelu_kernel(Tensor self, Tensor weight) -> Tensor", prelu},
      {"aten::selu(Tensor self) -> Tensor",
       [](Builder& b, const Call& c) { return elu_like(b, c, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1.0); }},
      {"aten::celu(Tensor self, Scalar alpha=1.) -> Tensor", celu},
      {"aten::glu(Tensor self, int dim=-1) -> Tensor", glu},
      {"aten::log_sigmoid(Tensor self) -> Tensor", [](Builder& b, const Call& c) { return formula(b, c, log_sigmoid); }},
      {"aten::log_sigmoid_forward(Tensor self) -> (Tensor output, Tensor buffer)", log_sigmoid_forward},
      {"aten::threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor", threshold},
      {"aten::hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor", hardshrink},
      {"aten::softshrink(Tensor self, Scalar lambd=0.5) -> Tensor", softshrink},
      {"aten::rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) "
       "-> Tensor",
       rrelu_alone},
      {"aten::rrelu_with_noise(Tensor self, Tensor(b!) noise, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, "
       "Generator? generator=None) -> Tensor",
       rrelu_with_noise},
      {"aten::rrelu_with_noise_functional(Tensor self, Tensor noise, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool "
       "training=False, Generator? generator=None) -> (Tensor, Tensor noise_out)",
       rrelu_functional},
      {"aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", softmax<"aten::_softmax">},
      {"aten::special_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", softmax<"aten::_softmax">},
      {"aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", softmax<"aten::_log_softmax">},
      {"aten::special_log_softmax(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", softmax<"aten::_log_softmax">},
      {"aten::_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", safe_softmax},
  };
}

}  // namespace etc::compile
