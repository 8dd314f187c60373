// Ops that only look at a tensor in another way, as windows; their scatters; and copies and conversions that a functional graph need
// not make, because nothing is ever written in place: `clone` and `detach` are the value itself.
#include <algorithm>
#include <numeric>

#include "decompose/decompose.h"
#include "ir/probe.h"
#include "ir/views.h"

namespace etc::compile {
namespace {

constexpr int64_t kContiguousFormat = 1;

int64_t rank_of(const Value* v) { return static_cast<int64_t>(v->type.sizes.size()); }
SymInt size_of(const Value* v, int64_t dim) {
  const int64_t d = wrap_dim(dim, rank_of(v));
  if (rank_of(v) == 0 && d == 0) return 1;
  if (d < 0 || d >= rank_of(v)) throw CompileError("dimension " + std::to_string(dim) + " of " + to_string(v->type));
  return v->type.sizes[static_cast<size_t>(d)];
}

std::vector<int64_t> all_dims(const Value* v) {
  std::vector<int64_t> dims(v->type.sizes.size());
  std::iota(dims.begin(), dims.end(), 0);
  return dims;
}

Results self(Builder&, const Call& c) { return {c.tensor(0)}; }
Results nothing(Builder&, const Call&) { return {}; }

// --- other sizes ---

Results reshape(Builder& b, const Call& c) { return {b.reshape(c.tensor(0), c.syms(1))}; }
Results reshape_as(Builder& b, const Call& c) { return {b.reshape(c.tensor(0), c.tensor(1)->type.sizes)}; }
Results ravel(Builder& b, const Call& c) { return {b.reshape(c.tensor(0), {-1})}; }

Results flatten(Builder& b, const Call& c) {
  Value* v = c.tensor(0);
  const int64_t start = wrap_dim(c.integer(1), rank_of(v)), end = wrap_dim(c.integer(2), rank_of(v));
  if (rank_of(v) == 0) return {b.reshape(v, {1})};
  if (start < 0 || end >= rank_of(v) || start > end)
    throw CompileError("cannot flatten dimensions " + std::to_string(start) + " to " + std::to_string(end) + " of " + to_string(v->type));
  Sizes sizes(v->type.sizes.begin(), v->type.sizes.begin() + start);
  SymInt joined = 1;
  for (int64_t d = start; d <= end; ++d) joined *= v->type.sizes[static_cast<size_t>(d)];
  sizes.push_back(joined);
  sizes.insert(sizes.end(), v->type.sizes.begin() + end + 1, v->type.sizes.end());
  return {b.reshape(v, std::move(sizes))};
}

Results unflatten(Builder& b, const Call& c) {
  Value* v = c.tensor(0);
  const SymInt size = size_of(v, c.integer(1));
  const int64_t dim = wrap_dim(c.integer(1), rank_of(v));
  const Sizes parts = resolve_sizes(c.syms(2), size);
  Sizes sizes = v->type.sizes;
  sizes.erase(sizes.begin() + dim);
  sizes.insert(sizes.begin() + dim, parts.begin(), parts.end());
  return {b.reshape(v, std::move(sizes))};
}

Results expand(Builder& b, const Call& c) { return {b.expand(c.tensor(0), c.syms(1))}; }
Results expand_as(Builder& b, const Call& c) { return {b.expand(c.tensor(0), c.tensor(1)->type.sizes)}; }

Sizes broadcast(const Values& tensors) {
  Sizes sizes;
  for (const Value* v : tensors) {
    const Sizes& other = v->type.sizes;
    if (other.size() > sizes.size()) sizes.insert(sizes.begin(), other.size() - sizes.size(), 1);
    for (size_t d = 0; d < other.size(); ++d) {
      SymInt& size = sizes[sizes.size() - other.size() + d];
      if (size == 1) size = other[d];
      if (other[d] != 1 && !seem_equal(other[d], size)) throw CompileError("cannot broadcast " + to_string(v->type) + " with " + to_string(sizes));
    }
  }
  return sizes;
}

Results broadcast_tensors(Builder& b, const Call& c) {
  Values tensors = c.tensors(0);
  const Sizes sizes = broadcast(tensors);
  for (Value*& v : tensors) v = b.expand(v, sizes);
  return {tensors};
}

Values grid_of(Builder& b, const Values& tensors, bool by_columns) {
  Sizes sizes;
  for (const Value* v : tensors) sizes.push_back(v->type.numel());
  Values grids;
  for (size_t i = 0; i < tensors.size(); ++i) {
    Sizes line(sizes.size(), 1);
    line[i] = sizes[i];
    Value* grid = b.expand(b.reshape(tensors[i], line), sizes);
    grids.push_back(by_columns && tensors.size() >= 2 ? b.transpose(grid, 0, 1) : grid);
  }
  return grids;
}
// "xy" swaps the roles of the first two tensors: the grids are those of "ij" with the first two dimensions swapped.
Results meshgrid(Builder& b, const Call& c) { return {grid_of(b, c.tensors(0), false)}; }
Results meshgrid_indexing(Builder& b, const Call& c) { return {grid_of(b, c.tensors(0), c.string(1) == "xy")}; }

template <int kRank>
Results atleast(Builder& b, const Call& c) {
  Value* v = c.tensor(0);
  if (rank_of(v) == 0) v = b.reshape(v, {1});
  if (kRank >= 2 && rank_of(v) == 1) v = b.unsqueeze(v, 0);
  if (kRank >= 3 && rank_of(v) == 2) v = b.unsqueeze(v, -1);
  return {v};
}

// --- dimensions ---

Results permute(Builder& b, const Call& c) { return {b.permute(c.tensor(0), c.ints(1))}; }
Results transpose(Builder& b, const Call& c) { return {b.transpose(c.tensor(0), c.integer(1), c.integer(2))}; }
Results t(Builder& b, const Call& c) { return {rank_of(c.tensor(0)) < 2 ? c.tensor(0) : b.transpose(c.tensor(0), 0, 1)}; }
Results mT(Builder& b, const Call& c) { return {b.transpose(c.tensor(0), -2, -1)}; }
Results numpy_T(Builder& b, const Call& c) {
  std::vector<int64_t> dims = all_dims(c.tensor(0));
  std::reverse(dims.begin(), dims.end());
  return {b.permute(c.tensor(0), dims)};
}

Results move_dims(Builder& b, Value* v, std::vector<int64_t> from, std::vector<int64_t> to) {
  const int64_t rank = rank_of(v);
  if (from.size() != to.size())
    throw CompileError("movedim names " + std::to_string(from.size()) + " sources and " + std::to_string(to.size()) + " destinations");
  std::vector<int64_t> dims(v->type.sizes.size(), -1);
  std::vector<bool> moved(dims.size());
  for (size_t i = 0; i < from.size(); ++i) {
    const int64_t f = wrap_dim(from[i], rank), d = wrap_dim(to[i], rank);
    if (rank == 0) continue;
    if (f < 0 || f >= rank || d < 0 || d >= rank)
      throw CompileError("movedim of a dimension that " + to_string(v->type) + " does not have");
    dims[static_cast<size_t>(d)] = f;
    moved[static_cast<size_t>(f)] = true;
  }
  size_t next = 0;
  for (int64_t& d : dims) {
    if (d >= 0) continue;
    while (next < moved.size() && moved[next]) ++next;
    d = static_cast<int64_t>(next++);
  }
  return {b.permute(v, dims)};
}
Results movedim_int(Builder& b, const Call& c) { return move_dims(b, c.tensor(0), {c.integer(1)}, {c.integer(2)}); }
Results movedim_list(Builder& b, const Call& c) { return move_dims(b, c.tensor(0), c.ints(1), c.ints(2)); }

Results unsqueeze(Builder& b, const Call& c) { return {b.unsqueeze(c.tensor(0), c.integer(1))}; }
Results squeeze(Builder& b, const Call& c) { return {b.squeeze(c.tensor(0), all_dims(c.tensor(0)))}; }
Results squeeze_dim(Builder& b, const Call& c) { return {b.squeeze(c.tensor(0), {c.integer(1)})}; }
Results squeeze_dims(Builder& b, const Call& c) { return {b.squeeze(c.tensor(0), c.ints(1))}; }

// --- parts ---

Value* slice_of(Builder& b, Value* v, const Call& c, size_t first) {
  return b.slice(v, c.integer(first), c.has(first + 1) ? c.sym(first + 1) : SymInt(0),
                 c.has(first + 2) ? c.sym(first + 2) : SymInt(INT64_MAX), c.sym(first + 3));
}
Results slice(Builder& b, const Call& c) { return {slice_of(b, c.tensor(0), c, 1)}; }
Results select(Builder& b, const Call& c) { return {b.select(c.tensor(0), c.integer(1), c.sym(2))}; }

Value* narrow_of(Builder& b, Value* v, int64_t dim, SymInt start, const SymInt& length) {
  const SymInt n = size_of(v, dim);
  if (provably_less(start, 0)) start += n;
  if (provably_less(start, 0) || provably_less(length, 0) || provably_less(n - length, start))
    throw CompileError("cannot narrow dimension " + std::to_string(dim) + " of " + to_string(v->type) + " to " + to_string(length) +
                       " from " + to_string(start));
  if (rank_of(v) == 0) throw CompileError("cannot narrow a 0-d tensor");
  const auto d = static_cast<size_t>(wrap_dim(dim, rank_of(v)));
  Sizes sizes = v->type.sizes;
  sizes[d] = length;
  b.check(sym_less_equal(0, start), "a part begins before its tensor");
  b.check(sym_less_equal(start + length, n), "a part reaches outside of its tensor");
  return b.strided(v, std::move(sizes), v->type.strides, view_offset(v) + start * v->type.strides[d]);
}
Results narrow(Builder& b, const Call& c) { return {narrow_of(b, c.tensor(0), c.integer(1), c.sym(2), c.sym(3))}; }

// A list of views goes as far as any argument list.
int64_t checked_parts(int64_t parts) {
  if (parts > UINT16_MAX) throw CompileError("a split into " + std::to_string(parts) + " parts; etc goes to 65535");
  return parts;
}

// Slices of one dimension with these sizes, one behind the other.
Results pieces(Builder& b, Value* v, int64_t dim, const Sizes& sizes) {
  Values parts;
  SymInt start = 0;
  for (const SymInt& size : sizes) {
    parts.push_back(narrow_of(b, v, dim, start, size));
    start += size;
  }
  return {parts};
}
// The sizes of parts along a dimension of symbolic size; how many there are only the file tells.
std::optional<Sizes> stated_parts(const Call& c, int64_t dim) {
  const Value* v = c.tensor(0);
  if (size_of(v, dim).is_fixed()) return std::nullopt;
  if (c.expected.empty()) throw CompileError("needs to know when compiling how many parts there are");
  Sizes parts;
  for (const TensorType& type : c.expected) parts.push_back(type.sizes.at(static_cast<size_t>(wrap_dim(dim, rank_of(v)))));
  return parts;
}

Results split(Builder& b, const Call& c) {
  if (const std::optional<Sizes> parts = stated_parts(c, c.integer(2))) return pieces(b, c.tensor(0), c.integer(2), *parts);
  const int64_t n = size_of(c.tensor(0), c.integer(2)), size = c.integer(1);
  if (size < 0 || (size == 0 && n != 0)) throw CompileError("a split into parts of " + std::to_string(size));
  checked_parts(size == 0 ? 1 : n / size);
  std::vector<int64_t> sizes;
  for (int64_t left = n; left > 0; left -= size) sizes.push_back(std::min(left, size));
  if (sizes.empty()) sizes.push_back(0);
  return pieces(b, c.tensor(0), c.integer(2), sizes);
}
Results split_with_sizes(Builder& b, const Call& c) { return pieces(b, c.tensor(0), c.integer(2), c.syms(1)); }
Results chunk(Builder& b, const Call& c) {
  if (const std::optional<Sizes> parts = stated_parts(c, c.integer(2))) return pieces(b, c.tensor(0), c.integer(2), *parts);
  const int64_t n = size_of(c.tensor(0), c.integer(2)), chunks = checked_parts(c.integer(1));
  if (chunks <= 0) throw CompileError("chunk into " + std::to_string(chunks) + " parts");
  if (n == 0) return pieces(b, c.tensor(0), c.integer(2), std::vector<int64_t>(static_cast<size_t>(chunks), 0));
  const int64_t size = (n - 1) / chunks + 1;
  std::vector<int64_t> sizes;
  for (int64_t left = n; left > 0; left -= size) sizes.push_back(std::min(left, size));
  return pieces(b, c.tensor(0), c.integer(2), sizes);
}
Results tensor_split_sections(Builder& b, const Call& c) {
  if (const std::optional<Sizes> parts = stated_parts(c, c.integer(2))) return pieces(b, c.tensor(0), c.integer(2), *parts);
  const int64_t n = size_of(c.tensor(0), c.integer(2)), sections = checked_parts(c.integer(1));
  if (sections <= 0) throw CompileError("tensor_split into " + std::to_string(sections) + " parts");
  std::vector<int64_t> sizes;
  for (int64_t i = 0; i < sections; ++i) sizes.push_back(n / sections + (i < n % sections));
  return pieces(b, c.tensor(0), c.integer(2), sizes);
}
Results tensor_split_indices(Builder& b, const Call& c) {
  Values parts;
  int64_t start = 0;
  for (int64_t end : c.ints(1)) {
    parts.push_back(b.slice(c.tensor(0), c.integer(2), start, end));
    start = end;
  }
  parts.push_back(b.slice(c.tensor(0), c.integer(2), start, INT64_MAX));
  return {parts};
}
Results unbind(Builder& b, const Call& c) {
  Values parts;
  for (int64_t i = 0; i < checked_parts(size_of(c.tensor(0), c.integer(1))); ++i) parts.push_back(b.select(c.tensor(0), c.integer(1), i));
  return {parts};
}

Value* diagonal_of(Builder& b, Value* v, int64_t offset, int64_t dim1, int64_t dim2) {
  const SymInt rows = size_of(v, dim1), columns = size_of(v, dim2);
  const auto d1 = static_cast<size_t>(wrap_dim(dim1, rank_of(v))), d2 = static_cast<size_t>(wrap_dim(dim2, rank_of(v)));
  if (d1 == d2) throw CompileError("a diagonal needs two different dimensions");
  Sizes sizes, strides;
  for (size_t d = 0; d < v->type.sizes.size(); ++d)
    if (d != d1 && d != d2) sizes.push_back(v->type.sizes[d]), strides.push_back(v->type.strides[d]);
  const SymInt length = sym_max(0, offset >= 0 ? sym_min(rows, columns - offset) : sym_min(rows + offset, columns));
  const SymInt skipped = length == 0 ? SymInt(0) : offset >= 0 ? offset * v->type.strides[d2] : -offset * v->type.strides[d1];
  sizes.push_back(length);
  strides.push_back(v->type.strides[d1] + v->type.strides[d2]);
  return b.strided(v, std::move(sizes), std::move(strides), view_offset(v) + skipped);
}
Results diagonal(Builder& b, const Call& c) { return {diagonal_of(b, c.tensor(0), c.integer(1), c.integer(2), c.integer(3))}; }

Results unfold(Builder& b, const Call& c) {
  Value* v = c.tensor(0);
  const SymInt n = size_of(v, c.integer(1));
  const int64_t size = c.integer(2), step = c.integer(3);
  if (size < 0 || provably_less(n, size) || step <= 0)
    throw CompileError("cannot unfold dimension " + std::to_string(c.integer(1)) + " of " + to_string(v->type) + " by " +
                       std::to_string(size) + ", step " + std::to_string(step));
  Sizes sizes = v->type.sizes, strides = v->type.strides;
  if (sizes.empty()) return {b.strided(v, {size}, {1}, view_offset(v))};
  const auto d = static_cast<size_t>(wrap_dim(c.integer(1), rank_of(v)));
  sizes[d] = (n - size) / step + 1;
  sizes.push_back(size);
  strides.push_back(strides[d]);
  if (sizes[d] != 1) strides[d] *= step;
  return {b.strided(v, std::move(sizes), std::move(strides), view_offset(v))};
}

Value* strided_of(Builder& b, Value* v, const Call& c, size_t first) {
  return b.strided(v, c.syms(first), c.syms(first + 1), c.has(first + 2) ? c.sym(first + 2) : view_offset(v));
}
Results as_strided(Builder& b, const Call& c) { return {strided_of(b, c.tensor(0), c, 1)}; }

// --- scatters: a copy of self with a window replaced ---

// `show` finds the window on a contiguous root.
template <class F>
Results scatter(Builder& b, const Call& c, F show) {
  Value* v = c.tensor(0);
  Value* root = is_view(v) ? b.copy(v) : v;
  Value* view = show(root);
  Value* source = b.cast(c.tensor(1), root->type.dtype);
  if (source->type.sizes != view->type.sizes)
    throw CompileError(c.schema.name + " of " + to_string(source->type) + " into " + to_string(view->type.sizes));
  return {b.view_scatter(root, view, source)};
}
Results slice_scatter(Builder& b, const Call& c) {
  return scatter(b, c, [&](Value* root) { return slice_of(b, root, c, 2); });
}
Results select_scatter(Builder& b, const Call& c) {
  return scatter(b, c, [&](Value* root) { return b.select(root, c.integer(2), c.sym(3)); });
}
Results diagonal_scatter(Builder& b, const Call& c) {
  return scatter(b, c, [&](Value* root) { return diagonal_of(b, root, c.integer(2), c.integer(3), c.integer(4)); });
}
Results as_strided_scatter(Builder& b, const Call& c) {
  return scatter(b, c, [&](Value* root) { return strided_of(b, root, c, 2); });
}

// --- copies and conversions ---

Results contiguous(Builder& b, const Call& c) { return {c.integer(1) == kContiguousFormat ? b.contiguous(c.tensor(0)) : c.tensor(0)}; }
// Layouts are the compiler's business: only a plain request for contiguous memory is taken as a hint.
Results clone(Builder& b, const Call& c) {
  return {c.has(1) && c.integer(1) == kContiguousFormat ? b.contiguous(c.tensor(0)) : c.tensor(0)};
}
Results to_dtype(Builder& b, const Call& c) { return {b.cast(c.tensor(0), c.dtype_or(1, c.tensor(0)->type.dtype))}; }
Results to_device(Builder& b, const Call& c) { return {b.cast(c.tensor(0), c.dtype_or(2, c.tensor(0)->type.dtype))}; }
Results to_other(Builder& b, const Call& c) { return {b.cast(c.tensor(0), c.tensor(1)->type.dtype)}; }
Results view_dtype(Builder& b, const Call& c) { return {b.bitcast(c.tensor(0), c.dtype_or(1, DType::F32))}; }

Results copy(Builder& b, const Call& c) { return {b.expand(b.cast(c.tensor(1), c.tensor(0)->type.dtype), c.tensor(0)->type.sizes)}; }
Results fill_scalar(Builder& b, const Call& c) { return {b.full(c.tensor(0)->type.dtype, c.tensor(0)->type.sizes, c.args[1])}; }
Results zero(Builder& b, const Call& c) { return {b.full(c.tensor(0)->type.dtype, c.tensor(0)->type.sizes, false)}; }

Results sym_size(Builder&, const Call& c) { return {size_of(c.tensor(0), c.integer(1))}; }
Results sym_numel(Builder&, const Call& c) { return {c.tensor(0)->type.numel()}; }
Results item(Builder& b, const Call& c) { return {b.item(c.tensor(0))}; }
Results assert_scalar(Builder& b, const Call& c) {
  if (auto* condition = std::get_if<SymInt>(&c.args[0])) b.check(*condition, c.string(1));
  return {};
}

}  // namespace

std::vector<Decomposition> view_decompositions() {
  return {
      {"aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)", reshape},
      {"aten::view_copy(Tensor self, SymInt[] size) -> Tensor", reshape},
      {"aten::_unsafe_view(Tensor self, SymInt[] size) -> Tensor", reshape},
      {"aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)", reshape},
      {"aten::_reshape_alias(Tensor(a) self, SymInt[] size, SymInt[] stride) -> Tensor(a)", reshape},
      {"aten::view_as(Tensor(a) self, Tensor other) -> Tensor(a)", reshape_as},
      {"aten::reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)", reshape_as},
      {"aten::ravel(Tensor(a) self) -> Tensor(a)", ravel},
      {"aten::flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)", flatten},
      {"aten::unflatten.int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)", unflatten},
      {"aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)", expand},
      {"aten::expand_copy(Tensor self, SymInt[] size, *, bool implicit=False) -> Tensor", expand},
      {"aten::broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)", expand},
      {"aten::expand_as(Tensor(a) self, Tensor other) -> Tensor(a)", expand_as},
      {"aten::broadcast_tensors(Tensor[] tensors) -> Tensor[]", broadcast_tensors},
      {"aten::meshgrid(Tensor[] tensors) -> Tensor[]", meshgrid},
      {"aten::meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]", meshgrid_indexing},
      {"aten::atleast_1d(Tensor self) -> Tensor", atleast<1>},
      {"aten::atleast_2d(Tensor self) -> Tensor", atleast<2>},
      {"aten::atleast_3d(Tensor self) -> Tensor", atleast<3>},

      {"aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)", permute},
      {"aten::permute_copy(Tensor self, int[] dims) -> Tensor", permute},
      {"aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)", transpose},
      {"aten::transpose_copy.int(Tensor self, int dim0, int dim1) -> Tensor", transpose},
      {"aten::swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)", transpose},
      {"aten::swapdims(Tensor(a) self, int dim0, int dim1) -> Tensor(a)", transpose},
      {"aten::t(Tensor(a) self) -> Tensor(a)", t},
      {"aten::t_copy(Tensor self) -> Tensor", t},
      {"aten::mT(Tensor(a) self) -> Tensor(a)", mT},
      {"aten::mH(Tensor(a) self) -> Tensor(a)", mT},
      {"aten::adjoint(Tensor(a) self) -> Tensor(a)", mT},
      {"aten::numpy_T(Tensor(a) self) -> Tensor(a)", numpy_T},
      {"aten::movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)", movedim_int},
      {"aten::movedim.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)", movedim_list},
      {"aten::moveaxis.int(Tensor(a) self, int source, int destination) -> Tensor(a)", movedim_int},
      {"aten::moveaxis.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)", movedim_list},
      {"aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)", unsqueeze},
      {"aten::unsqueeze_copy(Tensor self, int dim) -> Tensor", unsqueeze},
      {"aten::squeeze(Tensor(a) self) -> Tensor(a)", squeeze},
      {"aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)", squeeze_dim},
      {"aten::squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)", squeeze_dims},
      {"aten::squeeze_copy(Tensor self) -> Tensor", squeeze},
      {"aten::squeeze_copy.dim(Tensor self, int dim) -> Tensor", squeeze_dim},
      {"aten::squeeze_copy.dims(Tensor self, int[] dim) -> Tensor", squeeze_dims},

      {"aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)", slice},
      {"aten::slice_copy.Tensor(Tensor self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor", slice},
      {"aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)", select},
      {"aten::select_copy.int(Tensor self, int dim, SymInt index) -> Tensor", select},
      {"aten::narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)", narrow},
      {"aten::narrow.Tensor(Tensor(a) self, int dim, Tensor start, SymInt length) -> Tensor(a)",
       [](Builder& b, const Call& c) -> Results {
         return {b.call("aten::narrow", {c.tensor(0), c.args[1], b.call("aten::item", {c.args[2]})[0], c.args[3]})};
       }},
      {"aten::narrow_copy(Tensor self, int dim, SymInt start, SymInt length) -> Tensor", narrow},
      {"aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]", split},
      {"aten::split_copy.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]", split},
      {"aten::unsafe_split.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]", split},
      {"aten::split.sizes(Tensor(a -> *) self, SymInt[] split_size, int dim=0) -> Tensor(a)[]", split_with_sizes},
      {"aten::split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]", split_with_sizes},
      {"aten::split_with_sizes_copy(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]", split_with_sizes},
      {"aten::unsafe_split_with_sizes(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]", split_with_sizes},
      {"aten::chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]", chunk},
      {"aten::unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]", chunk},
      {"aten::tensor_split.sections(Tensor(a -> *) self, SymInt sections, int dim=0) -> Tensor(a)[]", tensor_split_sections},
      {"aten::tensor_split.indices(Tensor(a -> *) self, SymInt[] indices, int dim=0) -> Tensor(a)[]", tensor_split_indices},
      {"aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]", unbind},
      {"aten::unbind_copy.int(Tensor self, int dim=0) -> Tensor[]", unbind},
      {"aten::diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)", diagonal},
      {"aten::diagonal_copy(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor", diagonal},
      {"aten::unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)", unfold},
      {"aten::unfold_copy(Tensor self, int dimension, int size, int step) -> Tensor", unfold},
      {"aten::as_strided(Tensor(a) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a)", as_strided},
      {"aten::as_strided_copy(Tensor self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor", as_strided},

      {"aten::slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor",
       slice_scatter},
      {"aten::select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor", select_scatter},
      {"aten::diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor", diagonal_scatter},
      {"aten::as_strided_scatter(Tensor self, Tensor src, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor",
       as_strided_scatter},

      {"aten::alias(Tensor(a) self) -> Tensor(a)", self},
      {"aten::alias_copy(Tensor self) -> Tensor", self},
      {"aten::detach(Tensor(a) self) -> Tensor(a)", self},
      {"aten::detach_copy(Tensor self) -> Tensor", self},
      {"aten::lift_fresh(Tensor(a) self) -> Tensor(a)", self},
      {"aten::lift_fresh_copy(Tensor self) -> Tensor", self},
      {"aten::resolve_conj(Tensor(a) self) -> Tensor(a)", self},
      {"aten::resolve_neg(Tensor(a) self) -> Tensor(a)", self},
      {"aten::conj(Tensor(a) self) -> Tensor(a)", self},
      {"aten::conj_physical(Tensor self) -> Tensor", self},
      {"aten::real(Tensor(a) self) -> Tensor(a)", self},
      {"aten::positive(Tensor(a) self) -> Tensor(a)", self},
      {"aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=0) -> Tensor(a)", contiguous},
      {"aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", clone},
      {"aten::to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> "
       "Tensor(a)",
       to_dtype},
      {"aten::to.dtype_layout(Tensor(a) self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, "
       "bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)",
       to_dtype},
      {"aten::to.device(Tensor(a) self, Device device, ScalarType dtype, bool non_blocking=False, bool copy=False, "
       "MemoryFormat? memory_format=None) -> Tensor(a)",
       to_device},
      {"aten::to.other(Tensor(a) self, Tensor other, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> "
       "Tensor(a)",
       to_other},
      {"aten::type_as(Tensor self, Tensor other) -> Tensor", to_other},
      {"aten::_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, "
       "bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor",
       to_dtype},
      {"aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)", view_dtype},
      {"aten::view_copy.dtype(Tensor self, ScalarType dtype) -> Tensor", view_dtype},
      {"aten::copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor", copy},
      {"aten::fill.Scalar(Tensor self, Scalar value) -> Tensor", fill_scalar},
      {"aten::fill.Tensor(Tensor self, Tensor value) -> Tensor", copy},
      {"aten::zero(Tensor self) -> Tensor", zero},

      {"aten::sym_size.int(Tensor self, int dim) -> SymInt", sym_size},
      {"aten::size.int(Tensor self, int dim) -> int", sym_size},
      {"aten::sym_numel(Tensor self) -> SymInt", sym_numel},
      {"aten::item(Tensor self) -> Scalar", item},
      {"aten::_local_scalar_dense(Tensor self) -> Scalar", item},
      {"aten::_assert_async(Tensor self) -> ()", nothing},
      {"aten::_assert_async.msg(Tensor self, str assert_msg) -> ()", nothing},
      {"aten::_assert_scalar(Scalar self, str assert_msg) -> ()", assert_scalar},
      {"aten::_assert_tensor_metadata(Tensor a, SymInt[]? size=None, SymInt[]? stride=None, ScalarType? dtype=None, *, Device? "
       "device=None, "
       "Layout? layout=None) -> ()",
       nothing},
      {"aten::sym_constrain_range(Scalar size, *, int? min=None, int? max=None) -> ()", nothing},
      {"aten::sym_constrain_range_for_size(Scalar size, *, int? min=None, int? max=None) -> ()", nothing},
  };
}

}  // namespace etc::compile
