// Pointwise ops as formulas over simpler ones.
#include <cmath>
#include <limits>
#include <numbers>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Tensor arguments `indices` promoted together to a float dtype (integers: F32), widened for computing; `dtype` is the result's.
std::vector<Term> float_operands(Builder& b, const Call& c, std::initializer_list<size_t> indices, DType* dtype) {
  std::vector<Argument> given;
  for (const size_t i : indices) given.push_back(c.args[i]);
  *dtype = result_type(b, given);
  if (is_integral(*dtype)) *dtype = DType::F32;
  std::vector<Term> terms;
  for (const size_t i : indices) terms.push_back(cast(cast(term(b, c, i), *dtype), opmath(*dtype)));
  return terms;
}

// Powers that PyTorch computes without pow: the bits agree with its kernel.
Results pow_scalar(Builder& b, const Call& c) {
  const double exponent = number(c.args[1]);
  const DType dtype = result_type(b, {c.args[0], c.args[1]});
  const Term x = cast(term(b, c, 0), dtype);
  if (exponent == 0) return {b.full(dtype, x->type.sizes, int64_t{1})};
  if (exponent == 1) return {x};
  if (exponent == 2) return {x * x};
  if (exponent == 3) return {x * x * x};
  if (is_floating(dtype)) {
    if (exponent == 0.5) return {sqrt(x)};
    if (exponent == -0.5) return {apply("aten::rsqrt", {x})};
    if (exponent == -1) return {apply("aten::reciprocal", {x})};
    if (exponent == -2) return {apply("aten::reciprocal", {x * x})};
  }
  return {pow(x, term(b, b.scalar(dtype, c.args[1])))};
}

Results float_power(Builder& b, const Call& c) { return {pow(cast(term(b, c, 0), DType::F64), cast(term(b, c, 1), DType::F64))}; }

// self + value * first (op) second, computed as one kernel: one rounding.
template <bool kDivide>
Results add_combined(Builder& b, const Call& c) {
  const DType dtype = result_type(b, {c.args[0], c.args[1], c.args[2]}), wide = opmath(dtype);
  const auto operand = [&](size_t i) { return cast(cast(term(b, c, i), dtype), wide); };
  const Term value = is_integral(dtype) ? term(b, b.scalar(dtype, c.args[3])) : term(b, c, 3);
  const bool is_one = number(c.args[3]) == 1;
  Term first = is_one ? operand(1) : operand(1) * value;
  return {cast(operand(0) + (kDivide ? first / operand(2) : first * operand(2)), dtype)};
}

// One bound of clamp; the other stays open. A float bound makes an integer tensor float.
template <bool kMin>
Results clamp_one(Builder& b, const Call& c) {
  const Value* x = c.tensor(0);
  const DType dtype = result_type(b, {c.args[0], c.args[1]});
  const Argument none = None{};
  if (x->type.dtype == DType::Bool && dtype == DType::Bool) throw CompileError("clamp of a bool tensor");
  return {apply("aten::clamp", {cast(term(b, c, 0), dtype)}, {kMin ? c.args[1] : none, kMin ? none : c.args[1]})};
}

Results masked_fill(Builder& b, const Call& c) {
  const DType dtype = c.tensor(0)->type.dtype;
  const auto* v = std::get_if<Value*>(&c.args[2]);
  return {where(term(b, c, 1), v ? term(b, b.cast(*v, dtype)) : term(b, b.scalar(dtype, c.args[2])), term(b, c, 0))};
}

Term is_finite(const Term& x) {
  if (is_integral(x->type.dtype)) return full(*x.builder(), DType::Bool, x->type.sizes, true);
  return lt(abs(x), kInfinity);  // false for NaN
}
template <int kSign>
Results is_infinite(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  if (is_integral(x->type.dtype)) return {b.full(DType::Bool, x->type.sizes, false)};
  return {eq(x, kSign * kInfinity)};
}

Results isclose(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), y = term(b, c, 1);
  const double rtol = c.real(2), atol = c.real(3);
  const bool floating = is_floating(x->type.dtype);
  Term close = eq(x, y);
  if (c.boolean(4) && floating) close = either(close, both(isnan(x), isnan(y)));
  if (rtol == 0 && atol == 0) return {close};
  // PyTorch allows in the default dtype for integers, and compares the exact difference.
  const Term wide = floating ? y : cast(y, DType::F32);
  const Term allowed = abs(wide * rtol) + atol, difference = abs(x - y);
  return {either(close, both(is_finite(difference), le(difference, allowed)))};
}

// x * f(y), where x == 0 wins over a pole of f and NaN of y wins over all.
template <OpName f>
Results x_log(Builder& b, const Call& c) {
  DType dtype;
  const auto xy = float_operands(b, c, {0, 1}, &dtype);
  const Term product = xy[0] * apply(f.text, {xy[1]});
  return {cast(where(both(eq(xy[0], 0), eq(xy[1], xy[1])), 0.0, product), dtype)};
}

template <bool kBase2>
Results log_add_exp(Builder& b, const Call& c) {
  DType dtype;
  const auto ab = float_operands(b, c, {0, 1}, &dtype);
  const Term &x = ab[0], &y = ab[1];
  const Term distance = -abs(x - y);
  const Term tail = kBase2 ? log1p(apply("aten::exp2", {distance})) * (1 / std::numbers::ln2) : log1p(exp(distance));
  // Equal infinities: their difference is NaN.
  return {cast(where(both(eq(x, y), eq(abs(x), kInfinity)), x, maximum(x, y) + tail), dtype)};
}

Results sinc(Builder& b, const Call& c) {
  DType dtype;
  const Term x = float_operands(b, c, {0}, &dtype)[0];
  const Term angle = x * std::numbers::pi;
  return {cast(where(eq(x, 0), 1.0, apply("aten::sin", {angle}) / angle), dtype)};
}

Results logit(Builder& b, const Call& c) {
  DType dtype;
  Term x = float_operands(b, c, {0}, &dtype)[0];
  if (c.has(1)) x = apply("aten::clamp", {x}, {c.real(1), 1 - c.real(1)});
  return {cast(log(x / (1 - x)), dtype)};
}

// The weight has more digits than a small float.
Results lerp(Builder& b, const Call& c) {
  const DType dtype = result_type(b, {c.args[0], c.args[1]});
  const auto wide = [&](size_t i) { return cast(cast(term(b, c, i), dtype), opmath(dtype)); };
  return {cast(apply("aten::lerp.Tensor", {wide(0), wide(1), term(b, c, 2)}), dtype)};
}

// Minimum or maximum that prefers the number over NaN.
template <OpName op>
Results ignoring_nan(Builder& b, const Call& c) {
  const DType dtype = result_type(b, {c.args[0], c.args[1]});
  const Term x = cast(term(b, c, 0), dtype), y = cast(term(b, c, 1), dtype);
  const Term best = apply(op.text, {x, y});
  if (is_integral(dtype)) return {best};
  return {where(isnan(x), y, where(isnan(y), x, best))};
}

Results scaled(Builder& b, const Call& c, double factor) {
  DType dtype;
  const Term x = float_operands(b, c, {0}, &dtype)[0];
  return {cast(x * factor, dtype)};
}

}  // namespace

std::vector<Decomposition> pointwise_decompositions() {
  return {
      {"aten::square(Tensor self) -> Tensor",
       [](Builder& b, const Call& c) -> Results {
         return b.call("aten::pow.Tensor_Scalar", {c.args[0], 2});
       }},
      {"aten::pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor", pow_scalar},
      {"aten::float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor", float_power},
      {"aten::floor_divide(Tensor self, Tensor other) -> Tensor",
       [](Builder& b, const Call& c) -> Results {
         return b.call("aten::div.Tensor_mode", {c.args[0], c.args[1], "floor"});
       }},
      {"aten::addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor", add_combined<false>},
      {"aten::addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor", add_combined<true>},
      {"aten::clamp_min(Tensor self, Scalar min) -> Tensor", clamp_one<true>},
      {"aten::clamp_max(Tensor self, Scalar max) -> Tensor", clamp_one<false>},
      {"aten::clamp_min.Tensor(Tensor self, Tensor min) -> Tensor", same_as<"aten::maximum">},
      {"aten::clamp_max.Tensor(Tensor self, Tensor max) -> Tensor", same_as<"aten::minimum">},
      {"aten::fmax(Tensor self, Tensor other) -> Tensor", ignoring_nan<"aten::maximum">},
      {"aten::fmin(Tensor self, Tensor other) -> Tensor", ignoring_nan<"aten::minimum">},
      {"aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor", masked_fill},
      {"aten::masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor", masked_fill},
      {"aten::isfinite(Tensor self) -> Tensor", [](Builder& b, const Call& c) -> Results { return {is_finite(term(b, c, 0))}; }},
      {"aten::isposinf(Tensor self) -> Tensor", is_infinite<1>},
      {"aten::isneginf(Tensor self) -> Tensor", is_infinite<-1>},
      {"aten::isreal(Tensor self) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {b.full(DType::Bool, c.tensor(0)->type.sizes, true)}; }},
      {"aten::isclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool equal_nan=False) -> Tensor",
       isclose},
      {"aten::xlogy.Tensor(Tensor self, Tensor other) -> Tensor", x_log<"aten::log">},
      {"aten::special_xlog1py(Tensor self, Tensor other) -> Tensor", x_log<"aten::log1p">},
      {"aten::logaddexp(Tensor self, Tensor other) -> Tensor", log_add_exp<false>},
      {"aten::logaddexp2(Tensor self, Tensor other) -> Tensor", log_add_exp<true>},
      {"aten::sinc(Tensor self) -> Tensor", sinc},
      {"aten::logit(Tensor self, float? eps=None) -> Tensor", logit},
      {"aten::frac(Tensor self) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {term(b, c, 0) - apply("aten::trunc", {term(b, c, 0)})}; }},
      {"aten::lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor", lerp},
      {"aten::heaviside(Tensor self, Tensor values) -> Tensor",
       [](Builder& b, const Call& c) -> Results {
         const Term x = term(b, c, 0);
         return {where(eq(x, 0), term(b, c, 1), cast(gt(x, 0), x->type.dtype))};
       }},
      {"aten::signbit(Tensor self) -> Tensor",
       [](Builder& b, const Call& c) -> Results {
         const Term x = term(b, c, 0);
         if (is_integral(x->type.dtype)) return {lt(x, 0)};
         return {lt(apply("aten::copysign.Tensor", {term(b, b.scalar(x->type.dtype, 1.0)), x}), 0)};  // sees -0.0
       }},
      {"aten::deg2rad(Tensor self) -> Tensor", [](Builder& b, const Call& c) { return scaled(b, c, std::numbers::pi / 180); }},
      {"aten::rad2deg(Tensor self) -> Tensor", [](Builder& b, const Call& c) { return scaled(b, c, 180 / std::numbers::pi); }},
      {"aten::ldexp.Tensor(Tensor self, Tensor other) -> Tensor",
       [](Builder& b, const Call& c) -> Results {
         const Term x = term(b, c, 0);
         return {x * pow(term(b, b.scalar(is_floating(x->type.dtype) ? x->type.dtype : DType::F32, 2.0)), term(b, c, 1))};
       }},
  };
}

}  // namespace etc::compile
