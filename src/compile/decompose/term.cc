#include "decompose/term.h"

#include <numeric>

#include "ir/probe.h"

namespace etc::compile {

Value* Term::value() const {
  auto* v = std::get_if<Value*>(&argument_);
  if (!v || !*v) throw InternalError("a decomposition's term is a number where a tensor was expected");
  return *v;
}

Term apply(std::string_view op, std::initializer_list<Term> terms, std::vector<Argument> more) {
  Builder* b = nullptr;
  std::vector<Argument> args;
  for (const Term& t : terms) {
    if (t.builder()) b = t.builder();
    args.push_back(t.argument());
  }
  if (!b) throw InternalError(std::string(op) + " over numbers alone");
  args.insert(args.end(), more.begin(), more.end());
  return {*b, b->op(op, std::move(args))};
}

Term iota(Builder& b, const SymInt& count) {
  if (!count.is_fixed())
    return {b, b.op("aten::arange.start_step", {int64_t{0}, count, int64_t{1}, static_cast<int64_t>(DType::I64)})};
  std::vector<int64_t> numbers(static_cast<size_t>(static_cast<int64_t>(count)));
  std::iota(numbers.begin(), numbers.end(), int64_t{0});
  return {b, b.constant_of(DType::I64, {count}, numbers)};
}

Term sum(const Term& a, std::vector<int64_t> dims, bool keepdim) { return apply("aten::sum.dim_IntList", {a}, {std::move(dims), keepdim}); }
Term mean(const Term& a, std::vector<int64_t> dims, bool keepdim) { return apply("aten::mean.dim", {a}, {std::move(dims), keepdim}); }
Term any(const Term& a, std::vector<int64_t> dims, bool keepdim) {
  return apply("aten::any.dims", {a}, {dims.empty() ? Argument(None{}) : Argument(std::move(dims)), keepdim});
}
Term amax(const Term& a, std::vector<int64_t> dims, bool keepdim) { return apply("aten::amax", {a}, {std::move(dims), keepdim}); }
Term amin(const Term& a, std::vector<int64_t> dims, bool keepdim) { return apply("aten::amin", {a}, {std::move(dims), keepdim}); }

Term concatenate(const std::vector<Term>& terms, int64_t dim) {
  if (terms.size() == 1) return terms[0];
  Builder& b = *terms.at(0).builder();
  return {b, b.op("aten::cat", {Values(terms.begin(), terms.end()), dim})};
}

SymInt size_of(const Value* v, int64_t dim) {
  const int64_t rank = rank_of(v), d = wrap_dim(dim, rank);
  if (rank == 0 && d == 0) return 1;
  if (d < 0 || d >= rank) throw CompileError("dimension " + std::to_string(dim) + " of a tensor with " + std::to_string(rank));
  return v->type.sizes[static_cast<size_t>(d)];
}

Sizes broadcast(const Sizes& a, const Sizes& b) {
  Sizes out(std::max(a.size(), b.size()));
  for (size_t i = 0; i < out.size(); ++i) {
    const SymInt x = i < a.size() ? a[a.size() - 1 - i] : SymInt(1), y = i < b.size() ? b[b.size() - 1 - i] : SymInt(1);
    if (!seem_equal(x, y) && x != 1 && y != 1) throw CompileError("sizes " + to_string(x) + " and " + to_string(y) + " do not broadcast");
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

DType result_type(Builder& b, const std::vector<Argument>& operands) {
  ResultType type;
  for (const Argument& a : operands) {
    if (auto* v = std::get_if<Value*>(&a)) {
      if (!b.is_wrapped(*v)) {
        type.add_tensor((*v)->type.dtype, (*v)->type.sizes.size());
      } else {
        type.add_number((*v)->type.dtype == DType::F64 ? DType::F32 : (*v)->type.dtype);
      }
    }
    if (std::holds_alternative<bool>(a)) type.add_number(DType::Bool);
    if (is_int(a)) type.add_number(DType::I64);
    if (std::holds_alternative<double>(a) || std::holds_alternative<SymReal>(a)) type.add_number(DType::F32);
  }
  return type.get().value();
}

}  // namespace etc::compile
