// Reductions in their many overloads, and what is made of them: variances, norms, quantiles, cumulative forms.
#include <cmath>
#include <limits>
#include <numeric>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Dims = std::vector<int64_t>;

Results sum_all(Builder& b, const Call& c) { return b.call("aten::sum.dim_IntList", {c.args[0], Dims{}, false, c.args[1]}); }
Results mean_all(Builder& b, const Call& c) { return b.call("aten::mean.dim", {c.args[0], Dims{}, false, c.args[1]}); }

// any and all over one dimension, or all of them.
template <OpName op>
Results truth_dim(Builder& b, const Call& c) {
  return b.call(op.text, {c.args[0], Dims{c.integer(1)}, c.args[2]});
}
template <OpName op>
Results truth_all(Builder& b, const Call& c) {
  return b.call(op.text, {c.args[0], None{}, false});
}

template <OpName op>
Results extreme_all(Builder& b, const Call& c) {
  return b.call(op.text, {c.args[0], Dims{}, false});
}

Results aminmax(Builder& b, const Call& c) {
  const Argument dims = c.has(1) ? Dims{c.integer(1)} : Dims{};
  return {b.op("aten::amin", {c.args[0], dims, c.args[2]}), b.op("aten::amax", {c.args[0], dims, c.args[2]})};
}

// --- variance ---

struct Spread {
  Argument dims = None{};
  Argument correction = int64_t{1};
  bool keepdim = false;
};
// Arguments of the three overloads: (unbiased), (dim, unbiased, keepdim), (dim, correction, keepdim).
Spread spread_all(const Call& c) { return {None{}, int64_t{c.boolean(1)}, false}; }
Spread spread_dim(const Call& c) { return {c.args[1], int64_t{c.boolean(2)}, c.boolean(3)}; }
Spread spread_correction(const Call& c) { return {c.args[1], c.has(2) ? c.args[2] : Argument(int64_t{1}), c.boolean(3)}; }

using SpreadOf = Spread (*)(const Call&);
enum class Give { Deviation, Variance, DeviationAndMean, VarianceAndMean };

template <Give give, SpreadOf read>
Results spread(Builder& b, const Call& c) {
  const Spread s = read(c);
  const Value* x = c.tensor(0);
  const DType dtype = x->type.dtype;
  const Term variance = apply("aten::var.correction", {widen(term(b, c, 0))}, {s.dims, s.correction, s.keepdim});
  Results results = {cast(give == Give::Variance || give == Give::VarianceAndMean ? variance : sqrt(variance), dtype)};
  if (give == Give::DeviationAndMean || give == Give::VarianceAndMean)
    results.push_back(mean(term(b, c, 0), std::holds_alternative<None>(s.dims) ? Dims{} : std::get<Dims>(s.dims), s.keepdim));
  return results;
}

// --- norms ---

Value* vector_norm(Builder& b, Argument x, Argument p, Argument dims, bool keepdim, Argument dtype = None{}) {
  return b.op("aten::linalg_vector_norm",
              {std::move(x), std::holds_alternative<None>(p) ? Argument(2.0) : std::move(p), std::move(dims), keepdim, std::move(dtype)});
}

Results norm_scalar(Builder& b, const Call& c) { return {vector_norm(b, c.args[0], c.args[1], None{}, false)}; }
Results norm_scalar_dtype(Builder& b, const Call& c) { return {vector_norm(b, c.args[0], c.args[1], None{}, false, c.args[2])}; }
Results norm_dims(Builder& b, const Call& c) { return {vector_norm(b, c.args[0], c.args[1], c.args[2], c.boolean(3))}; }
Results norm_dims_dtype(Builder& b, const Call& c) { return {vector_norm(b, c.args[0], c.args[1], c.args[2], c.boolean(3), c.args[4])}; }
Results frobenius_norm(Builder& b, const Call& c) { return {vector_norm(b, c.args[0], 2.0, c.args[1], c.boolean(2))}; }

// Matrix norms that need no factorisation: Frobenius, largest or smallest row or column sum.
Results matrix_norm(Builder& b, Argument x, const Argument& order, Dims dims, bool keepdim, Argument dtype) {
  const auto* name = std::get_if<std::string>(&order);
  if (dims.empty()) dims = {-2, -1};
  if (name && *name == "fro") return {vector_norm(b, x, 2.0, dims, keepdim, dtype)};
  if (name) throw CompileError("the matrix norm '" + *name + "' needs a singular value decomposition, which etc does not have");
  const double p = number(order);
  if (std::abs(p) != 1 && std::abs(p) != kInfinity)
    throw CompileError("this matrix norm needs a singular value decomposition, which etc does not have");
  const int64_t rank = rank_of(std::get<Value*>(x));
  int64_t summed = wrap_dim(dims[0], rank), kept = wrap_dim(dims[1], rank);
  if (std::abs(p) == kInfinity) std::swap(summed, kept);
  const Term sums = term(b, vector_norm(b, x, 1.0, Dims{summed}, true, dtype));
  const Term result = p > 0 ? amax(sums, {kept}, true) : amin(sums, {kept}, true);
  return {keepdim ? result : squeeze(result, {summed, kept})};
}

Results linalg_norm(Builder& b, const Call& c) {  // self, ord, dim, keepdim, dtype
  const int64_t rank = rank_of(c.tensor(0)), dims = c.has(2) ? static_cast<int64_t>(c.ints(2).size()) : rank;
  const bool is_vector = dims == 1 || !c.has(1);
  if (is_vector) return {vector_norm(b, c.args[0], c.args[1], c.args[2], c.boolean(3), c.args[4])};
  return matrix_norm(b, c.args[0], c.args[1], c.ints(2), c.boolean(3), c.args[4]);
}
Results linalg_matrix_norm(Builder& b, const Call& c) { return matrix_norm(b, c.args[0], c.args[1], c.ints(2), c.boolean(3), c.args[4]); }

// The norm over all dimensions but one; -1 keeps none.
Results norm_except_dim(Builder& b, const Call& c) {
  const int64_t rank = rank_of(c.tensor(0)), kept = c.integer(2);
  if (kept == -1) return {vector_norm(b, c.args[0], c.real(1), None{}, false)};
  Dims dims;
  for (int64_t d = 0; d < rank; ++d)
    if (d != wrap_dim(kept, rank)) dims.push_back(d);
  if (dims.empty()) return {abs(term(b, c, 0))};
  return {vector_norm(b, c.args[0], c.real(1), dims, true)};
}

// --- without NaN ---

Results nansum(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  const Term clean = is_floating(x->type.dtype) ? where(isnan(x), 0, x) : x;
  return b.call("aten::sum.dim_IntList", {clean.value(), c.args[1], c.args[2], c.args[3]});
}
Results nanmean(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), present = cast(eq(x, x), opmath(x->type.dtype));
  const Term total = apply("aten::nansum", {widen(x)}, {c.args[1], c.args[2], None{}});
  return {cast(total / sum(present, c.ints(1), c.boolean(2)), c.dtype_or(3, x->type.dtype))};
}

Results count_nonzero(Builder& b, const Call& c, Dims dims) { return {sum(cast(ne(term(b, c, 0), 0), DType::I64), std::move(dims))}; }

Results trace(Builder& b, const Call& c) { return {sum(term(b, b.op("aten::diagonal", {c.args[0]})))}; }

// Differences of neighbours, `n` times; xor for bool.
Results diff(Builder& b, const Call& c) {
  Term x = term(b, c, 0);
  const int64_t dim = c.integer(2);
  std::vector<Term> parts;
  if (c.has(3)) parts.push_back(term(b, c, 3));
  parts.push_back(x);
  if (c.has(4)) parts.push_back(term(b, c, 4));
  x = concatenate(parts, dim);
  for (int64_t i = 0; i < c.integer(1) && size_of(x, dim) != 0; ++i) {
    const SymInt n = size_of(x, dim);
    const Term next = slice(x, dim, 1, n), last = slice(x, dim, 0, n - 1);
    x = x->type.dtype == DType::Bool ? apply("aten::logical_xor", {next, last}) : next - last;
  }
  return {x};
}

Results dist(Builder& b, const Call& c) { return {vector_norm(b, (term(b, c, 0) - term(b, c, 1)).value(), c.args[2], None{}, false)}; }

}  // namespace

std::vector<Decomposition> reduce_decompositions() {
  return {
      {"aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor", sum_all},
      {"aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor", mean_all},
      {"aten::any(Tensor self) -> Tensor", truth_all<"aten::any.dims">},
      {"aten::any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor", truth_dim<"aten::any.dims">},
      {"aten::all(Tensor self) -> Tensor", truth_all<"aten::all.dims">},
      {"aten::all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor", truth_dim<"aten::all.dims">},
      {"aten::max(Tensor self) -> Tensor", extreme_all<"aten::amax">},
      {"aten::min(Tensor self) -> Tensor", extreme_all<"aten::amin">},
      {"aten::aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)", aminmax},
      {"aten::var(Tensor self, bool unbiased=True) -> Tensor", spread<Give::Variance, spread_all>},
      {"aten::var.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor", spread<Give::Variance, spread_dim>},
      {"aten::std(Tensor self, bool unbiased=True) -> Tensor", spread<Give::Deviation, spread_all>},
      {"aten::std.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor", spread<Give::Deviation, spread_dim>},
      {"aten::std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor",
       spread<Give::Deviation, spread_correction>},
      {"aten::var_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)", spread<Give::VarianceAndMean, spread_all>},
      {"aten::var_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)",
       spread<Give::VarianceAndMean, spread_dim>},
      {"aten::var_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)",
       spread<Give::VarianceAndMean, spread_correction>},
      {"aten::std_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)", spread<Give::DeviationAndMean, spread_all>},
      {"aten::std_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)",
       spread<Give::DeviationAndMean, spread_dim>},
      {"aten::std_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)",
       spread<Give::DeviationAndMean, spread_correction>},
      {"aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor", norm_scalar},
      {"aten::norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor", norm_scalar_dtype},
      {"aten::norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor", norm_dims},
      {"aten::norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor", norm_dims_dtype},
      {"aten::frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor", frobenius_norm},
      {"aten::linalg_norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
       linalg_norm},
      {"aten::linalg_norm.ord_str(Tensor self, str ord, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
       linalg_matrix_norm},
      {"aten::linalg_matrix_norm(Tensor self, Scalar ord, int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
       linalg_matrix_norm},
      {"aten::linalg_matrix_norm.str_ord(Tensor self, str ord=\"fro\", int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? "
       "dtype=None) -> Tensor",
       linalg_matrix_norm},
      {"aten::norm_except_dim(Tensor v, int pow=2, int dim=0) -> Tensor", norm_except_dim},
      {"aten::nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", nansum},
      {"aten::nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor", nanmean},
      {"aten::count_nonzero(Tensor self, int? dim=None) -> Tensor",
       [](Builder& b, const Call& c) { return count_nonzero(b, c, c.has(1) ? Dims{c.integer(1)} : Dims{}); }},
      {"aten::count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor",
       [](Builder& b, const Call& c) { return count_nonzero(b, c, c.ints(1)); }},
      {"aten::trace(Tensor self) -> Tensor", trace},
      {"aten::diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor", diff},
      {"aten::special_logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor", same_as<"aten::logsumexp">},
      {"aten::dist(Tensor self, Tensor other, Scalar p=2) -> Tensor", dist},
  };
}

}  // namespace etc::compile
