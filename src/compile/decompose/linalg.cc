// Products of vectors, matrices and batches of them, on mm, bmm and addmm; distances.
#include <numeric>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

SymInt product(Sizes::const_iterator begin, Sizes::const_iterator end) { return std::accumulate(begin, end, SymInt(1), std::multiplies<>()); }
Sizes joined(Sizes a, const Sizes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Term mm(const Term& a, const Term& b) { return apply("aten::mm", {a, b}); }
Term dot(const Term& a, const Term& b) { return reshape(mm(unsqueeze(a, 0), unsqueeze(b, 1)), {}); }
Term mv(const Term& a, const Term& x) { return squeeze(mm(a, unsqueeze(x, 1)), {1}); }
Term outer(const Term& a, const Term& b) { return unsqueeze(a, 1) * b; }

// torch.matmul: vectors are rows on the left and columns on the right, leading dimensions broadcast.
Term matmul(const Term& a, const Term& b) {
  const int64_t ra = rank_of(a), rb = rank_of(b);
  if (ra == 0 || rb == 0) throw CompileError("matmul of a number");
  if (ra == 1 && rb == 1) return dot(a, b);
  if (ra == 1) return squeeze(matmul(unsqueeze(a, 0), b), {rb - 2});
  if (rb == 1) return squeeze(matmul(a, unsqueeze(b, 1)), {ra - 1});
  if (ra == 2 && rb == 2) return mm(a, b);
  const Sizes &sa = a->type.sizes, &sb = b->type.sizes;
  const SymInt rows = sa[ra - 2], depth = sa[ra - 1], columns = sb[rb - 1];
  if (rb == 2)  // one matrix for the whole batch: its rows in one product
    return reshape(mm(reshape(a, {product(sa.begin(), sa.end() - 1), depth}), b), joined({sa.begin(), sa.end() - 1}, {columns}));
  const Sizes batch = broadcast({sa.begin(), sa.end() - 2}, {sb.begin(), sb.end() - 2});
  const SymInt count = product(batch.begin(), batch.end());
  const Term left = reshape(expand(a, joined(batch, {rows, depth})), {count, rows, depth});
  const Term right = reshape(expand(b, joined(batch, {sb[rb - 2], columns})), {count, sb[rb - 2], columns});
  return reshape(apply("aten::bmm", {left, right}), joined(batch, {rows, columns}));
}

// beta * self + alpha * product of the two factors; integers have integer factors.
Results add_product(Builder& b, const Call& c, const Term& product) {
  const DType dtype = result_type(b, {c.args[0], product.argument()});
  const auto factor = [&](size_t i) { return is_integral(dtype) ? term(b, b.scalar(dtype, c.args[i])) : term(b, c, i); };
  const double beta = number(c.args[3]), alpha = number(c.args[4]);
  const Term scaled = alpha == 1 ? product : product * factor(4);
  if (beta == 0) return {b.expand(scaled, broadcast(c.tensor(0)->type.sizes, scaled->type.sizes))};
  return {(beta == 1 ? term(b, c, 0) : term(b, c, 0) * factor(3)) + scaled};
}
Results addmv(Builder& b, const Call& c) { return add_product(b, c, mv(term(b, c, 1), term(b, c, 2))); }
Results addr(Builder& b, const Call& c) { return add_product(b, c, outer(term(b, c, 1), term(b, c, 2))); }
Results addbmm(Builder& b, const Call& c) {  // the sum over the batch is a product with longer rows
  const Term x = term(b, c, 1), y = term(b, c, 2);
  const SymInt batch = size_of(x, 0), rows = size_of(x, 1), depth = size_of(x, 2), columns = size_of(y, 2);
  return add_product(b, c, mm(reshape(permute(x, {1, 0, 2}), {rows, batch * depth}), reshape(y, {batch * depth, columns})));
}

// Sums over pairs of dimensions; a dimension of one element broadcasts.
Term tensordot(Term a, Term b, std::vector<int64_t> dims_a, std::vector<int64_t> dims_b) {
  if (dims_a.size() != dims_b.size()) throw CompileError("tensordot over unequally many dimensions");
  const int64_t ra = rank_of(a), rb = rank_of(b);
  SymInt depth = 1;
  std::vector<bool> summed_a(static_cast<size_t>(ra)), summed_b(static_cast<size_t>(rb));
  for (size_t i = 0; i < dims_a.size(); ++i) {
    const int64_t da = dims_a[i] = wrap_dim(dims_a[i], ra), db = dims_b[i] = wrap_dim(dims_b[i], rb);
    if (size_of(a, da) == 1 && size_of(b, db) != 1) b = sum(b, {db}, true);
    if (size_of(b, db) == 1 && size_of(a, da) != 1) a = sum(a, {da}, true);
    if (size_of(a, da) != size_of(b, db)) throw CompileError("tensordot over dimensions of different sizes");
    depth *= size_of(a, da);
    summed_a.at(static_cast<size_t>(da)) = summed_b.at(static_cast<size_t>(db)) = true;
  }
  std::vector<int64_t> order_a, order_b = dims_b;
  Sizes sizes;
  SymInt rows = 1, columns = 1;
  for (int64_t d = 0; d < ra; ++d)
    if (!summed_a[static_cast<size_t>(d)]) order_a.push_back(d), sizes.push_back(size_of(a, d)), rows *= size_of(a, d);
  for (int64_t d = 0; d < rb; ++d)
    if (!summed_b[static_cast<size_t>(d)]) order_b.push_back(d), sizes.push_back(size_of(b, d)), columns *= size_of(b, d);
  order_a.insert(order_a.end(), dims_a.begin(), dims_a.end());
  return reshape(mm(reshape(permute(a, order_a), {rows, depth}), reshape(permute(b, order_b), {depth, columns})), sizes);
}

Results inner(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), y = term(b, c, 1);
  if (rank_of(x) == 0 || rank_of(y) == 0) return {x * y};
  return {tensordot(x, y, {-1}, {-1})};
}

Results kron(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), y = term(b, c, 1);
  const int64_t rank = std::max(rank_of(x), rank_of(y));
  Sizes sx, sy, sizes;  // [x0, 1, x1, 1, …] times [1, y0, 1, y1, …]
  for (int64_t d = 0; d < rank; ++d) {
    const int64_t dx = d - rank + rank_of(x), dy = d - rank + rank_of(y);
    const SymInt nx = dx < 0 ? SymInt(1) : size_of(x, dx), ny = dy < 0 ? SymInt(1) : size_of(y, dy);
    sx.insert(sx.end(), {nx, SymInt(1)});
    sy.insert(sy.end(), {SymInt(1), ny});
    sizes.push_back(nx * ny);
  }
  return {reshape(reshape(x, sx) * reshape(y, sy), sizes)};
}

// Cheapest order of a chain of matrix products, by the textbook's dynamic programme.
Results multi_dot(Builder& b, const Call& c) {
  std::vector<Term> factors;
  for (Value* v : c.tensors(0)) factors.push_back(term(b, v));
  const size_t n = factors.size();
  if (n == 0) throw CompileError(c.schema.name + " of no tensors");
  if (n == 1) return {factors[0]};
  const bool row = rank_of(factors.front()) == 1, column = rank_of(factors.back()) == 1;
  if (row) factors.front() = unsqueeze(factors.front(), 0);
  if (column) factors.back() = unsqueeze(factors.back(), 1);
  std::vector<std::vector<double>> cost(n, std::vector<double>(n, 0));
  std::vector<std::vector<size_t>> cut(n, std::vector<size_t>(n, 0));
  for (size_t length = 2; length <= n; ++length)
    for (size_t i = 0; i + length <= n; ++i) {
      const size_t j = i + length - 1;
      for (size_t k = i; k < j; ++k) {
        const double here = cost[i][k] + cost[k + 1][j] +
                            static_cast<double>(size_of(factors[i], 0)) * static_cast<double>(size_of(factors[k], 1)) *
                                static_cast<double>(size_of(factors[j], 1));
        if (k == i || here < cost[i][j]) cost[i][j] = here, cut[i][j] = k;
      }
    }
  const auto multiply = [&](auto& self, size_t i, size_t j) -> Term {
    return i == j ? factors[i] : mm(self(self, i, cut[i][j]), self(self, cut[i][j] + 1, j));
  };
  Term result = multiply(multiply, 0, n - 1);
  if (column) result = squeeze(result, {1});
  if (row) result = squeeze(result, {0});
  return {result};
}

Results matrix_power(Builder& b, const Call& c) {
  Term square = term(b, c, 0);
  int64_t n = c.integer(1);
  if (n < 0) throw CompileError("negative matrix powers need an inverse, which etc does not have");
  if (n == 0) return {b.expand(b.op("aten::eye", {size_of(square, -1), static_cast<int64_t>(square->type.dtype)}), square->type.sizes)};
  std::optional<Term> result;
  for (;; square = matmul(square, square)) {
    if (n & 1) result = result ? matmul(*result, square) : square;
    if (!(n >>= 1)) return {*result};
  }
}

Results cross_product(Term x, Term y, int64_t dim) {
  const Sizes sizes = broadcast(x->type.sizes, y->type.sizes);
  x = expand(x, sizes), y = expand(y, sizes);
  if (size_of(x, dim) != 3) throw CompileError("a cross product needs three elements");
  const auto turned = [&](const Term& t, int64_t by) { return concatenate({slice(t, dim, by, 3), slice(t, dim, 0, by)}, dim); };
  return {turned(x, 1) * turned(y, 2) - turned(x, 2) * turned(y, 1)};
}
Results linalg_cross(Builder& b, const Call& c) { return cross_product(term(b, c, 0), term(b, c, 1), c.integer(2)); }
Results cross(Builder& b, const Call& c) {  // without dim: the first of three elements
  const Term x = term(b, c, 0), y = term(b, c, 1);
  const Sizes sizes = broadcast(x->type.sizes, y->type.sizes);
  if (c.has(2)) return cross_product(x, y, c.integer(2));
  const auto first = std::find(sizes.begin(), sizes.end(), 3);
  if (first == sizes.end()) throw CompileError("cross of tensors without a dimension of three elements");
  return cross_product(x, y, first - sizes.begin());
}

Results cosine_similarity(Builder& b, const Call& c) {
  DType dtype = result_type(b, {c.args[0], c.args[1]});
  const Sizes sizes = broadcast(c.tensor(0)->type.sizes, c.tensor(1)->type.sizes);
  const std::vector<int64_t> dims = {c.integer(2)};
  const auto unit = [&](size_t i) {
    const Term x = expand(cast(term(b, c, i), dtype), sizes);
    return x / apply("aten::clamp_min", {apply("aten::linalg_vector_norm", {x}, {2.0, dims, true})}, {c.real(3)});
  };
  return {sum(unit(0) * unit(1), dims)};
}

Results pairwise_distance(Builder& b, const Call& c) {  // x1, x2, p, eps, keepdim
  const Term difference = term(b, c, 0) - term(b, c, 1) + c.real(3);
  return {apply("aten::linalg_vector_norm", {difference}, {c.real(2), std::vector<int64_t>{rank_of(difference) - 1}, c.boolean(4)})};
}

Results euclidean_dist(Builder& b, const Call& c) { return b.call("aten::_cdist_forward", {c.args[0], c.args[1], 2.0, None{}}); }

// out[.., o] = sum over i, j of x[.., i] * W[o, i, j] * y[.., j] + bias[o].
Results bilinear(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), y = term(b, c, 1), w = term(b, c, 2);
  const int64_t outputs = size_of(w, 0), nx = size_of(w, 1), ny = size_of(w, 2);
  const SymInt count = product(x->type.sizes.begin(), x->type.sizes.end() - 1);
  const Term left = mm(reshape(x, {count, nx}), reshape(permute(w, {1, 0, 2}), {nx, outputs * ny}));
  const Term both_sides = apply("aten::bmm", {reshape(left, {count, outputs, ny}), reshape(y, {count, ny, 1})});
  const Term result = reshape(both_sides, joined({x->type.sizes.begin(), x->type.sizes.end() - 1}, {outputs}));
  return {c.has(3) ? result + term(b, c, 3) : result};
}

// The product of three tensors, each with size-one dimensions put in, summed over some. What core ATEN makes of bilinear.
Results trilinear(Builder& b, const Call& c) {
  Sizes sizes;
  std::vector<Term> factors;
  for (size_t i = 0; i < 3; ++i) {
    Term x = term(b, c, i);
    std::vector<int64_t> dims = c.ints(3 + i);
    std::sort(dims.begin(), dims.end());
    for (const int64_t d : dims) x = unsqueeze(x, d);
    factors.push_back(x);
  }
  const std::vector<int64_t> summed = c.ints(6);
  const Term all = factors[0] * factors[1] * factors[2];
  return {summed.empty() ? all : sum(all, summed)};
}

Results int_mm(Builder& b, const Call& c) { return {mm(cast(term(b, c, 0), DType::I32), cast(term(b, c, 1), DType::I32))}; }

// Rows in groups, each with a matrix of its own; `offs` has the groups' ends. Where they lie is known only when the program runs, so
// each matrix multiplies all rows and the group's are kept.
Results grouped_mm(Builder& b, const Call& c) {
  const Term x = term(b, c, 0), weights = term(b, c, 1), ends = term(b, c, 2);
  const Term row = unsqueeze(iota(b, size_of(x, 0)), 1);
  Term result = full(b, x->type.dtype, {size_of(x, 0), size_of(weights, 2)}, 0.0);
  for (int64_t i = size_of(weights, 0); i-- > 0;) result = where(lt(row, select(ends, 0, i)), mm(x, select(weights, 0, i)), result);
  return {result};
}

}  // namespace

std::vector<Decomposition> linalg_decompositions() {
  return {
      {"aten::matmul(Tensor self, Tensor other) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {matmul(term(b, c, 0), term(b, c, 1))}; }},
      {"aten::linalg_matmul(Tensor self, Tensor other) -> Tensor", same_as<"aten::matmul">},
      {"aten::dot(Tensor self, Tensor tensor) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {dot(term(b, c, 0), term(b, c, 1))}; }},
      {"aten::vdot(Tensor self, Tensor other) -> Tensor", same_as<"aten::dot">},
      {"aten::linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {sum(term(b, c, 0) * term(b, c, 1), {c.integer(2)})}; }},
      {"aten::mv(Tensor self, Tensor vec) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {mv(term(b, c, 0), term(b, c, 1))}; }},
      {"aten::outer(Tensor self, Tensor vec2) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {outer(term(b, c, 0), term(b, c, 1))}; }},
      {"aten::ger(Tensor self, Tensor vec2) -> Tensor", same_as<"aten::outer">},
      {"aten::inner(Tensor self, Tensor other) -> Tensor", inner},
      {"aten::addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor", addmv},
      {"aten::addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor", addr},
      {"aten::addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor", addbmm},
      {"aten::tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {tensordot(term(b, c, 0), term(b, c, 1), c.ints(2), c.ints(3))}; }},
      {"aten::kron(Tensor self, Tensor other) -> Tensor", kron},
      {"aten::linalg_multi_dot(Tensor[] tensors) -> Tensor", multi_dot},
      {"aten::chain_matmul(Tensor[] matrices) -> Tensor", multi_dot},
      {"aten::linalg_matrix_power(Tensor self, int n) -> Tensor", matrix_power},
      {"aten::matrix_power(Tensor self, int n) -> Tensor", matrix_power},
      {"aten::linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor", linalg_cross},
      {"aten::cross(Tensor self, Tensor other, int? dim=None) -> Tensor", cross},
      {"aten::cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor", cosine_similarity},
      {"aten::pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=9.9999999999999995e-07, bool keepdim=False) -> Tensor",
       pairwise_distance},
      {"aten::cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor", same_as<"aten::_cdist_forward">},
      {"aten::_euclidean_dist(Tensor x1, Tensor x2) -> Tensor", euclidean_dist},
      {"aten::bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor", bilinear},
      {"aten::_trilinear(Tensor i1, Tensor i2, Tensor i3, int[] expand1, int[] expand2, int[] expand3, int[] sumdim, int unroll_dim=1) "
       "-> Tensor",
       trilinear},
      {"aten::_int_mm(Tensor self, Tensor mat2) -> Tensor", int_mm},
      {"transformers::grouped_mm_fallback(Tensor input, Tensor weight, Tensor offs) -> Tensor", grouped_mm},
  };
}

}  // namespace etc::compile
