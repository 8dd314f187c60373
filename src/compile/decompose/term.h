// Formulas over tensors and numbers, written as formulas: each operator adds a node. What decompositions are made of.
#pragma once

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/builder.h"

namespace etc::compile {

// A tensor of the graph, or a number that promotes like PyTorch's. Operations on two numbers are not for this class.
class Term {
 public:
  Term(Builder& b, Argument a) : builder_(&b), argument_(std::move(a)) {}
  Term(int n) : argument_(static_cast<int64_t>(n)) {}
  Term(int64_t n) : argument_(n) {}
  Term(double n) : argument_(n) {}
  Term(SymInt n) : argument_(std::move(n)) {}

  operator Value*() const { return value(); }
  Value* value() const;  // throws InternalError for a number
  Value* operator->() const { return value(); }
  const Argument& argument() const { return argument_; }
  Builder* builder() const { return builder_; }

 private:
  Builder* builder_ = nullptr;
  Argument argument_;
};

// The one result of an op over terms; further arguments as they are.
Term apply(std::string_view op, std::initializer_list<Term> terms, std::vector<Argument> more = {});

inline Term operator+(const Term& a, const Term& b) { return apply("aten::add.Tensor", {a, b}); }
inline Term operator-(const Term& a, const Term& b) { return apply("aten::sub.Tensor", {a, b}); }
inline Term operator*(const Term& a, const Term& b) { return apply("aten::mul.Tensor", {a, b}); }
inline Term operator/(const Term& a, const Term& b) { return apply("aten::div.Tensor", {a, b}); }
// Exact matches, or C++ would consider arithmetic on Value*.
template <std::integral T>
Term operator+(const Term& a, T n) {
  return a + Term(n);
}
template <std::integral T>
Term operator-(const Term& a, T n) {
  return a - Term(n);
}
inline Term operator-(const Term& a) { return apply("aten::neg", {a}); }
inline Term eq(const Term& a, const Term& b) { return apply("aten::eq.Tensor", {a, b}); }
inline Term ne(const Term& a, const Term& b) { return apply("aten::ne.Tensor", {a, b}); }
inline Term lt(const Term& a, const Term& b) { return apply("aten::lt.Tensor", {a, b}); }
inline Term le(const Term& a, const Term& b) { return apply("aten::le.Tensor", {a, b}); }
inline Term gt(const Term& a, const Term& b) { return apply("aten::gt.Tensor", {a, b}); }
inline Term ge(const Term& a, const Term& b) { return apply("aten::ge.Tensor", {a, b}); }
inline Term maximum(const Term& a, const Term& b) { return apply("aten::maximum", {a, b}); }
inline Term minimum(const Term& a, const Term& b) { return apply("aten::minimum", {a, b}); }
inline Term both(const Term& a, const Term& b) { return apply("aten::logical_and", {a, b}); }
inline Term either(const Term& a, const Term& b) { return apply("aten::logical_or", {a, b}); }
inline Term where(const Term& condition, const Term& a, const Term& b) { return apply("aten::where.self", {condition, a, b}); }
inline Term abs(const Term& a) { return apply("aten::abs", {a}); }
inline Term exp(const Term& a) { return apply("aten::exp", {a}); }
inline Term log(const Term& a) { return apply("aten::log", {a}); }
inline Term log1p(const Term& a) { return apply("aten::log1p", {a}); }
inline Term sqrt(const Term& a) { return apply("aten::sqrt", {a}); }
inline Term tanh(const Term& a) { return apply("aten::tanh", {a}); }
inline Term sigmoid(const Term& a) { return apply("aten::sigmoid", {a}); }
inline Term relu(const Term& a) { return apply("aten::relu", {a}); }
inline Term isnan(const Term& a) { return apply("aten::isnan", {a}); }
inline Term pow(const Term& a, const Term& b) { return apply("aten::pow.Tensor_Tensor", {a, b}); }

// Views, casts and the like, with the Builder of the term.
inline Term cast(const Term& a, DType dtype) { return {*a.builder(), a.builder()->cast(a, dtype)}; }
inline Term reshape(const Term& a, Sizes sizes) { return {*a.builder(), a.builder()->reshape(a, std::move(sizes))}; }
inline Term expand(const Term& a, const Sizes& sizes) { return {*a.builder(), a.builder()->expand(a, sizes)}; }
inline Term permute(const Term& a, const std::vector<int64_t>& dims) { return {*a.builder(), a.builder()->permute(a, dims)}; }
inline Term transpose(const Term& a, int64_t i, int64_t j) { return {*a.builder(), a.builder()->transpose(a, i, j)}; }
inline Term unsqueeze(const Term& a, int64_t dim) { return {*a.builder(), a.builder()->unsqueeze(a, dim)}; }
inline Term squeeze(const Term& a, const std::vector<int64_t>& dims) { return {*a.builder(), a.builder()->squeeze(a, dims)}; }
inline Term select(const Term& a, int64_t dim, SymInt i) { return {*a.builder(), a.builder()->select(a, dim, i)}; }
inline Term slice(const Term& a, int64_t dim, SymInt start, SymInt end, int64_t step = 1) {
  return {*a.builder(), a.builder()->slice(a, dim, start, end, step)};
}
inline Term full(Builder& b, DType dtype, const Sizes& sizes, const Argument& number) { return {b, b.full(dtype, sizes, number)}; }
// 0, 1, … count - 1 as I64; a constant when the count is fixed.
Term iota(Builder& b, const SymInt& count);

// Reductions. No dims: all of them.
Term sum(const Term& a, std::vector<int64_t> dims = {}, bool keepdim = false);
Term mean(const Term& a, std::vector<int64_t> dims = {}, bool keepdim = false);
Term any(const Term& a, std::vector<int64_t> dims = {}, bool keepdim = false);
Term amax(const Term& a, std::vector<int64_t> dims = {}, bool keepdim = false);
Term amin(const Term& a, std::vector<int64_t> dims = {}, bool keepdim = false);
Term concatenate(const std::vector<Term>& terms, int64_t dim);

inline int64_t rank_of(const Value* v) { return static_cast<int64_t>(v->type.sizes.size()); }
// Size along a dimension that may be negative; 1 for a 0-d tensor.
SymInt size_of(const Value* v, int64_t dim);
// Sizes of a and b broadcast together; CompileError when they do not fit.
Sizes broadcast(const Sizes& a, const Sizes& b);

// The dtype that a fused kernel of PyTorch computes in: F32 for the small floats.
inline DType opmath(DType t) { return t == DType::F16 || t == DType::BF16 ? DType::F32 : t; }
inline Term widen(const Term& a) { return cast(a, opmath(a->type.dtype)); }
inline bool is_integral(DType t) { return !is_floating(t); }  // bool too
// torch.result_type over tensors and numbers; everything else is ignored.
DType result_type(Builder& b, const std::vector<Argument>& operands);

// The dtype that a call asks for (argument i), else the one that the .pt2 recorded, else `otherwise`.
inline DType dtype_of(const Call& c, size_t i, DType otherwise) {
  return c.dtype_or(i, c.expected.empty() ? otherwise : c.expected[0].dtype);
}

// Terms for the arguments of a call.
inline Term term(Builder& b, const Call& c, size_t i) { return {b, c.args[i]}; }
inline Term term(Builder& b, Value* v) { return {b, Argument(v)}; }
inline double number(const Argument& a) {
  if (auto* i = std::get_if<int64_t>(&a)) return static_cast<double>(*i);
  if (auto* f = std::get_if<bool>(&a)) return *f;
  if (auto* d = std::get_if<double>(&a)) return *d;
  if (auto* n = std::get_if<SymInt>(&a)) return static_cast<double>(static_cast<int64_t>(*n));  // throws: it is not fixed
  if (auto* r = std::get_if<SymReal>(&a)) return r->value();
  throw InternalError("a number was expected");
}

// An op's name as a template argument.
template <size_t N>
struct OpName {
  char text[N];
  constexpr OpName(const char (&t)[N]) { std::copy_n(t, N, text); }
};
// The decomposition that only renames: the op `name` takes the same arguments.
template <OpName name>
Results same_as(Builder& b, const Call& c) {
  return b.call(name.text, c.args);
}
// The same for an op that takes only the first `count` arguments.
template <OpName name, size_t count>
Results first_of(Builder& b, const Call& c) {
  return b.call(name.text, {c.args.begin(), c.args.begin() + count});
}
// With the first two arguments exchanged.
template <OpName name>
Results swapped(Builder& b, const Call& c) {
  std::vector<Argument> args = c.args;
  std::swap(args[0], args[1]);
  return b.call(name.text, std::move(args));
}

}  // namespace etc::compile
