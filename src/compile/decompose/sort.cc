// Orders: sorting's overloads, medians and quantiles from sorted rows, cumulative logsumexp as a scan.
#include <cmath>
#include <limits>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

struct Sorted {
  Term values, indices;
};
Sorted sorted(const Term& x, int64_t dim, bool descending = false, bool stable = false) {
  Results r = x.builder()->call("aten::sort.stable", {x.value(), stable, dim, descending});
  return {term(*x.builder(), std::get<Value*>(r[0])), term(*x.builder(), std::get<Value*>(r[1]))};
}

Results sort(Builder& b, const Call& c) {
  const Sorted s = sorted(term(b, c, 0), c.integer(1), c.boolean(2));
  return {s.values, s.indices};
}
Results argsort(Builder& b, const Call& c) { return {sorted(term(b, c, 0), c.integer(1), c.boolean(2)).indices}; }
Results argsort_stable(Builder& b, const Call& c) { return {sorted(term(b, c, 0), c.integer(2), c.boolean(3), true).indices}; }
Results msort(Builder& b, const Call& c) { return {sorted(term(b, c, 0), 0).values}; }

Results kth(const Term& x, const SymInt& k, int64_t dim, bool keepdim) {
  if (provably_less(k, 0) || provably_less_equal(size_of(x, dim), k))
    throw CompileError("element " + to_string(k + 1) + " in order of " + to_string(size_of(x, dim)));
  const Sorted s = sorted(x, dim, false, true);
  const auto pick = [&](const Term& t) {
    if (rank_of(t) == 0) return t;
    const Term one = slice(t, dim, k, k + 1);
    return keepdim ? one : squeeze(one, {dim});
  };
  return {pick(s.values), pick(s.indices)};
}

// The lower median. NaN counts as the median of a row that has one.
Results median_dim(Builder& b, const Call& c) {
  const Term x = term(b, c, 0);
  const int64_t dim = c.integer(1);
  Results middle = kth(x, (size_of(x, dim) - 1) / 2, dim, c.boolean(2));
  if (is_integral(x->type.dtype) || rank_of(x) == 0) return middle;
  const Term nan = isnan(x), has_nan = any(nan, {dim}, c.boolean(2));
  const Term first = apply("aten::argmax", {cast(nan, DType::U8)}, {dim, c.boolean(2)});
  return {where(has_nan, std::numeric_limits<double>::quiet_NaN(), Term(b, middle[0])), where(has_nan, first, Term(b, middle[1]))};
}
Results median(Builder& b, const Call& c) { return {b.call("aten::median.dim", {b.reshape(c.tensor(0), {-1}), 0})[0]}; }

// Sorted along the last dimension, between whose elements quantiles lie.
struct Quantile {
  Term rows;            // [..., n]
  Term has_nan;         // [..., 1]
  int64_t dim;          // where the reduced dimension was
  std::string between;  // interpolation
};
Quantile prepare_quantile(Builder& b, const Call& c) {  // self, q, dim, keepdim, interpolation
  Term x = term(b, c, 0);
  const int64_t dim = c.has(2) ? wrap_dim(c.integer(2), rank_of(x)) : 0;
  if (!c.has(2)) x = reshape(x, {-1});
  if (rank_of(x) == 0) x = reshape(x, {1});
  if (size_of(x, dim) == 0) throw CompileError("quantile of no elements");
  x = transpose(x, dim, -1);
  return {sorted(x, -1).values, any(isnan(x), {-1}, true), dim, c.string(4)};
}

// `found` has the quantiles in its last dimension; they go to the front, or away when q was a number.
Results place_quantile(const Call& c, const Quantile& s, const Term& found, bool is_list) {
  const Term safe = where(s.has_nan, std::numeric_limits<double>::quiet_NaN(), found);  // [..., q]
  if (rank_of(c.tensor(0)) == 0) return {is_list ? safe : reshape(safe, {})};
  Term result = transpose(unsqueeze(safe, -2), s.dim, -2);  // puts a one where dim was: [..1.., last, q]
  // transposing again what prepare_quantile did: the dimensions are in place, with q last
  std::vector<int64_t> dims = {rank_of(result) - 1};
  for (int64_t d = 0; d + 1 < rank_of(result); ++d) dims.push_back(d);
  result = permute(result, dims);  // q first
  const bool keep = c.boolean(3);
  if (!c.has(2)) {
    Sizes sizes = {size_of(result, 0)};
    if (keep) sizes.insert(sizes.end(), c.tensor(0)->type.sizes.size(), 1);
    result = reshape(result, sizes);
  } else if (!keep && rank_of(result) > 1) {
    result = squeeze(result, {s.dim + 1});
  }
  return {is_list ? result : select(result, 0, 0)};
}

double round_half_even(double x) { return std::nearbyint(x); }

Results quantile_number(Builder& b, const Call& c) {
  const Quantile s = prepare_quantile(b, c);
  const int64_t n = size_of(s.rows, -1);
  const double q = c.real(1);
  if (!(q >= 0 && q <= 1)) throw CompileError("a quantile outside of 0 to 1");
  // PyTorch multiplies in the tensor's dtype.
  const double exact =
      s.rows->type.dtype == DType::F64 ? q * static_cast<double>(n - 1) : static_cast<float>(q) * static_cast<float>(n - 1);
  double rank = exact;
  if (s.between == "lower") rank = std::floor(rank);
  if (s.between == "higher") rank = std::ceil(rank);
  if (s.between == "nearest") rank = round_half_even(rank);
  const auto below = static_cast<int64_t>(rank);
  Term found = slice(s.rows, -1, below, below + 1);
  if (s.between == "linear" || s.between == "midpoint") {
    const int64_t above = rank == static_cast<double>(below) ? below : below + 1;
    const double weight = s.between == "midpoint" ? (above == below ? 0 : 0.5) : rank - static_cast<double>(below);
    found = apply("aten::lerp.Tensor", {found, slice(s.rows, -1, above, above + 1), weight});
  }
  return place_quantile(c, s, found, false);
}

Results quantile(Builder& b, const Call& c) {
  const Quantile s = prepare_quantile(b, c);
  const Term q = term(b, c, 1);
  Term rank = reshape(q, {-1}) * (size_of(s.rows, -1) - 1);
  if (s.between == "lower") rank = apply("aten::floor", {rank});
  if (s.between == "higher") rank = apply("aten::ceil", {rank});
  if (s.between == "nearest") rank = apply("aten::round", {rank});
  const Term below = apply("aten::floor", {rank});
  const auto pick = [&](const Term& at) { return apply("aten::index_select", {s.rows}, {int64_t{-1}, b.cast(at, DType::I64)}); };
  Term found = pick(below);
  if (s.between == "linear" || s.between == "midpoint") {
    const Term above = apply("aten::ceil", {rank});
    const Term weight = s.between == "midpoint" ? where(ne(above, below), 0.5, rank * 0) : rank - below;
    found = apply("aten::lerp.Tensor", {found, pick(above), weight});
  }
  return place_quantile(c, s, found, rank_of(q) == 1);
}

// In log2(n) steps: after step k, position i holds the sum over the 2^k positions up to i.
Results logcumsumexp(Builder& b, const Call& c) {
  const DType dtype = c.tensor(0)->type.dtype;
  if (rank_of(c.tensor(0)) == 0) return {c.args[0]};
  Term x = widen(term(b, c, 0));
  const int64_t dim = c.integer(1), n = size_of(x, dim);
  for (int64_t step = 1; step < n; step *= 2)
    x = concatenate({slice(x, dim, 0, step), apply("aten::logaddexp", {slice(x, dim, 0, n - step), slice(x, dim, step, n)})}, dim);
  return {cast(x, dtype)};
}

}  // namespace

std::vector<Decomposition> sort_decompositions() {
  return {
      {"aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)", sort},
      {"aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor", argsort},
      {"aten::argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor", argsort_stable},
      {"aten::msort(Tensor self) -> Tensor", msort},
      {"aten::kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)",
       [](Builder& b, const Call& c) { return kth(term(b, c, 0), c.sym(1) - 1, c.integer(2), c.boolean(3)); }},
      {"aten::median(Tensor self) -> Tensor", median},
      {"aten::median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)", median_dim},
      {"aten::quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation=\"linear\") -> Tensor", quantile},
      {"aten::quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation=\"linear\") -> Tensor",
       quantile_number},
      {"aten::logcumsumexp(Tensor self, int dim) -> Tensor", logcumsumexp},
  };
}

}  // namespace etc::compile
