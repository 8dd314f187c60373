// Builder's views: every one becomes a single strided window on a root, or the root itself.
#include "ir/views.h"

#include <algorithm>
#include <numeric>

#include "ir/builder.h"
#include "ir/probe.h"

namespace etc::compile {
namespace {

int64_t rank_of(const Value* v) { return static_cast<int64_t>(v->type.sizes.size()); }

size_t checked_dim(int64_t dim, int64_t rank) {
  const int64_t wrapped = wrap_dim(dim, rank), limit = std::max<int64_t>(rank, 1);
  if (wrapped < 0 || wrapped >= limit)
    throw CompileError("dimension " + std::to_string(dim) + " of a tensor of rank " + std::to_string(rank));
  return static_cast<size_t>(wrapped);
}

// Dimensions of one element get the stride that a contiguous tensor would have there, so equal windows look equal.
Sizes normal_strides(const Sizes& sizes, Sizes strides) {
  for (size_t d = sizes.size(); d-- > 0;)
    if (sizes[d] == 1) strides[d] = d + 1 < sizes.size() ? sizes[d + 1] * strides[d + 1] : SymInt(1);
  return strides;
}

bool is_inside(const Sizes& sizes, const Sizes& strides, const SymInt& offset, const SymInt& numel) {
  int64_t count = 1, last = offset;
  bool inside = offset >= 0;
  for (size_t d = 0; d < sizes.size() && inside; ++d) {
    int64_t reach = 0;
    inside = checked_multiply(count, sizes[d], &count) &&
             (sizes[d] <= 1 || (checked_multiply(sizes[d] - 1, strides[d], &reach) && checked_add(last, reach, &last)));
  }
  return inside && (count == 0 || last < numel);
}

}  // namespace

std::optional<Sizes> view_strides(const Sizes& sizes, const Sizes& strides, const Sizes& new_sizes) {
  const SymInt numel = TensorType(DType::U8, sizes, strides).numel(), new_numel = TensorType(DType::U8, new_sizes, new_sizes).numel();
  if (numel != new_numel) {
    // Equal, but not provably: then only memory without gaps is sure to show the same elements.
    const bool sure = seem_equal(numel, new_numel) && TensorType(DType::U8, sizes, strides).is_contiguous();
    return sure ? std::optional<Sizes>(contiguous_strides(new_sizes)) : std::nullopt;
  }
  if (numel == 0 || sizes.empty()) return contiguous_strides(new_sizes);
  Sizes result(new_sizes.size());
  int64_t view_d = static_cast<int64_t>(new_sizes.size()) - 1;
  SymInt base = strides.back(), tensor_numel = 1, view_numel = 1;
  for (size_t d = sizes.size(); d-- > 0;) {  // chunks of dimensions that lie one behind the other
    tensor_numel *= sizes[d];
    if (d > 0 && (sizes[d - 1] == 1 || strides[d - 1] == tensor_numel * base)) continue;
    while (view_d >= 0 && (view_numel != tensor_numel || new_sizes[view_d] == 1)) {
      result[view_d] = view_numel * base;
      view_numel *= new_sizes[view_d--];
    }
    if (view_numel != tensor_numel) return std::nullopt;
    if (d > 0) base = strides[d - 1], tensor_numel = view_numel = 1;
  }
  if (view_d != -1) return std::nullopt;
  return result;
}

Sizes resolve_sizes(Sizes sizes, const SymInt& numel) {
  auto refuse = [&] { return CompileError("cannot view " + to_string(numel) + " elements as " + to_string(sizes)); };
  SymInt known = 1;
  auto unknown = sizes.end();
  for (auto s = sizes.begin(); s != sizes.end(); ++s) {
    if (*s == -1 && unknown == sizes.end()) {
      unknown = s;
    } else if (s->is_fixed() && *s < 0) {
      throw refuse();
    } else {
      known *= *s;
    }
  }
  if (unknown != sizes.end() && known != 0) {
    if (const std::optional<SymInt> exact = exact_quotient(numel, known))
      *unknown = *exact, known = numel;
    else if (const SymInt rounded = floor_div(numel, known); !numel.is_fixed() && seem_equal(rounded * known, numel))
      *unknown = rounded, known = numel;
  }
  if (!seem_equal(known, numel) || std::count(sizes.begin(), sizes.end(), SymInt(-1))) throw refuse();
  return sizes;
}

std::optional<std::vector<int64_t>> dense_order(const Sizes& sizes, const Sizes& strides, const SymInt& n) {
  std::vector<int64_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  // By the bounds, which decide for fixed strides and propose for others; what follows proves.
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return strides[a].upper() > strides[b].upper(); });
  SymInt expected = 1;
  for (size_t i = order.size(); i-- > 0;) {
    const int64_t d = order[i];
    if (sizes[d] == 1) continue;
    if (strides[d] != expected) return std::nullopt;
    expected *= sizes[d];
  }
  if (expected != n) return std::nullopt;
  return order;
}

bool same_strides(const Sizes& sizes, const Sizes& a, const Sizes& b) {
  for (size_t d = 0; d < sizes.size(); ++d)
    if (!(sizes[d].is_fixed() && sizes[d] <= 1) && a[d] != b[d]) return false;
  return true;
}

std::string to_string(const Sizes& sizes) {
  std::string s = "[";
  for (const SymInt& n : sizes) s += (s.size() > 1 ? "," : "") + to_string(n);
  return s + "]";
}

std::string to_string(const TensorType& type) {
  std::string s = name_of(type.dtype) + to_string(type.sizes);
  if (!type.is_contiguous()) s += " strides " + to_string(type.strides);
  return s;
}

Value* Builder::window(Value* v, DType dtype, Sizes sizes, Sizes strides, SymInt offset) {
  Value* root = root_of(settled(v));
  if (sizes.size() > kMaxRank)
    throw CompileError("a tensor of rank " + std::to_string(sizes.size()) + "; etc goes to " + std::to_string(kMaxRank));
  if (sizes.size() != strides.size())
    throw CompileError("sizes " + to_string(sizes) + " and strides " + to_string(strides) + " differ in length");
  // Of symbolic windows the runtime checks the extent.
  const bool is_fixed = sizes.is_fixed() && strides.is_fixed() && offset.is_fixed() && root->type.is_fixed();
  if (is_fixed && !is_inside(sizes, strides, offset, root->type.numel()))
    throw CompileError("a view of sizes " + to_string(sizes) + ", strides " + to_string(strides) + " and offset " + to_string(offset) +
                       " reaches outside of " + to_string(root->type));
  const bool is_empty = std::count(sizes.begin(), sizes.end(), SymInt(0)) > 0;
  if (is_empty) offset = 0;
  strides = is_empty ? contiguous_strides(sizes) : normal_strides(sizes, std::move(strides));
  TensorType type(dtype, std::move(sizes), std::move(strides));
  if (offset == 0 && dtype == root->type.dtype && type.sizes == root->type.sizes && type.is_contiguous()) return root;
  if (offset == view_offset(v) && type == v->type) return v;
  std::vector<Argument> args = {root, type.sizes, type.strides, offset};
  return graph_.insert_node(at_, "etc::view", std::move(args), {std::move(type)}, source_, result_name("etc::view"))->results[0];
}

Value* Builder::strided(Value* v, Sizes sizes, Sizes strides, SymInt offset) {
  return window(v, v->type.dtype, std::move(sizes), std::move(strides), std::move(offset));
}

Value* Builder::bitcast(Value* v, DType dtype) {
  if (size_in_bytes(dtype) != size_in_bytes(v->type.dtype))
    throw CompileError(std::string("a view of ") + name_of(v->type.dtype) + " as " + name_of(dtype) +
                       " changes the element size, which etc does not support; convert the values instead");
  v = settled(v);
  return window(v, dtype, v->type.sizes, v->type.strides, view_offset(v));
}

Value* Builder::permute(Value* v, const std::vector<int64_t>& dims) {
  v = settled(v);
  if (static_cast<int64_t>(dims.size()) != rank_of(v))
    throw CompileError("a permutation of " + std::to_string(dims.size()) + " dimensions for " + to_string(v->type));
  Sizes sizes, strides;
  std::vector<bool> taken(dims.size());
  for (int64_t dim : dims) {
    const size_t d = checked_dim(dim, rank_of(v));
    if (taken[d]) throw CompileError("a permutation names dimension " + std::to_string(dim) + " twice");
    taken[d] = true;
    sizes.push_back(v->type.sizes[d]);
    strides.push_back(v->type.strides[d]);
  }
  return strided(v, std::move(sizes), std::move(strides), view_offset(v));
}

Value* Builder::transpose(Value* v, int64_t a, int64_t b) {
  const size_t x = checked_dim(a, rank_of(v)), y = checked_dim(b, rank_of(v));
  if (x == y) return settled(v);
  std::vector<int64_t> dims(v->type.sizes.size());
  std::iota(dims.begin(), dims.end(), 0);
  std::swap(dims[x], dims[y]);
  return permute(v, dims);
}

Value* Builder::slice(Value* v, int64_t dim, SymInt start, SymInt end, SymInt step) {
  v = settled(v);
  if (rank_of(v) == 0) throw CompileError("a slice of a 0-d tensor");
  if (step <= 0) throw CompileError("a slice with step " + to_string(step) + "; it must be positive");
  const size_t d = checked_dim(dim, rank_of(v));
  const SymInt n = v->type.sizes[d];
  auto from_front = [&](const SymInt& i) {
    if (provably_less(i, 0)) return sym_clamp(i + n, 0, n);
    if (provably_less_equal(0, i)) return sym_min(i, n);
    return sym_clamp(SymInt(sym_apply(SymOp::Select, {(i + n).node(), i.node(), sym_less(i, 0).node()})), 0, n);
  };
  start = from_front(start);
  end = sym_max(from_front(end), start);
  Sizes sizes = v->type.sizes, strides = v->type.strides;
  const SymInt offset = view_offset(v) + start * strides[d];
  sizes[d] = floor_div(end - start + step - 1, step);
  if (!(sizes[d].is_fixed() && sizes[d] <= 1)) strides[d] *= step;
  return strided(v, std::move(sizes), std::move(strides), offset);
}

Value* Builder::select(Value* v, int64_t dim, SymInt index) {
  v = settled(v);
  if (rank_of(v) == 0) throw CompileError("a selection from a 0-d tensor");
  const size_t d = checked_dim(dim, rank_of(v));
  const SymInt n = v->type.sizes[d];
  const SymInt i = provably_less(index, 0) ? index + n
                   : provably_less_equal(0, index)
                       ? index
                       : SymInt(sym_apply(SymOp::Select, {(index + n).node(), index.node(), sym_less(index, 0).node()}));
  if (provably_less(i, 0) || provably_less_equal(n, i))
    throw CompileError("index " + to_string(index) + " is outside of dimension " + std::to_string(dim) + " of " + to_string(v->type));
  check(sym_less_equal(0, i), "an index is below the dimension");
  check(sym_less(i, n), "an index is outside of its dimension");
  Sizes sizes = v->type.sizes, strides = v->type.strides;
  const SymInt offset = view_offset(v) + i * strides[d];
  sizes.erase(sizes.begin() + static_cast<long>(d));
  strides.erase(strides.begin() + static_cast<long>(d));
  return strided(v, std::move(sizes), std::move(strides), offset);
}

Value* Builder::expand(Value* v, const Sizes& wanted) {
  v = settled(v);
  const TensorType& from = v->type;
  auto refuse = [&] { return CompileError("cannot expand " + to_string(from) + " to " + to_string(wanted)); };
  if (wanted.size() < from.sizes.size()) throw refuse();
  const size_t added = wanted.size() - from.sizes.size();
  Sizes sizes = wanted, strides(wanted.size(), SymInt(0));
  for (size_t d = 0; d < wanted.size(); ++d) {
    const SymInt had = d < added ? SymInt(1) : from.sizes[d - added];
    if (wanted[d] == -1 && d >= added) sizes[d] = had;
    if ((sizes[d].is_fixed() && sizes[d] < 0) || (had != 1 && !seem_equal(sizes[d], had))) throw refuse();
    if (d >= added && (had != 1 || sizes[d] == 1)) strides[d] = from.strides[d - added];
  }
  return strided(v, std::move(sizes), std::move(strides), view_offset(v));
}

Value* Builder::unsqueeze(Value* v, int64_t dim) {
  v = settled(v);
  const size_t d = checked_dim(dim, rank_of(v) + 1);
  Sizes sizes = v->type.sizes, strides = v->type.strides;
  sizes.insert(sizes.begin() + static_cast<long>(d), 1);
  strides.insert(strides.begin() + static_cast<long>(d), 1);
  return strided(v, std::move(sizes), std::move(strides), view_offset(v));
}

Value* Builder::squeeze(Value* v, const std::vector<int64_t>& dims) {
  v = settled(v);
  std::vector<bool> named(v->type.sizes.size());
  for (int64_t dim : dims) {
    const size_t d = checked_dim(dim, rank_of(v));
    if (d < named.size()) named[d] = true;
  }
  Sizes sizes, strides;
  for (size_t d = 0; d < named.size(); ++d) {
    if (named[d] && v->type.sizes[d] == 1) continue;
    sizes.push_back(v->type.sizes[d]);
    strides.push_back(v->type.strides[d]);
  }
  return strided(v, std::move(sizes), std::move(strides), view_offset(v));
}

Value* Builder::try_view(Value* v, const Sizes& sizes) {
  v = settled(v);
  const Sizes resolved = resolve_sizes(sizes, v->type.numel());
  std::optional<Sizes> strides = view_strides(v->type.sizes, v->type.strides, resolved);
  return strides ? strided(v, resolved, std::move(*strides), view_offset(v)) : nullptr;
}

Value* Builder::reshape(Value* v, Sizes sizes) {
  if (Value* view = try_view(v, sizes)) return view;
  return try_view(copy(v), sizes);
}

Value* Builder::contiguous(Value* v) {
  v = settled(v);
  return v->type.is_contiguous() ? v : copy(v);
}

Value* Builder::copy(Value* v) { return op("etc::copy", {settled(v)}); }

Value* Builder::view_scatter(Value* root, const Value* view, Value* source) {
  if (is_view(root)) throw InternalError("view_scatter into " + root->name + ", which is a view itself");
  const TensorType& window_type = view->type;
  if (source->type.sizes != window_type.sizes || source->type.dtype != window_type.dtype)
    throw InternalError("view_scatter of " + to_string(source->type) + " into " + to_string(window_type));
  if (window_type.numel() == 0) return root;
  source = bitcast(source, root->type.dtype);
  if (window_type.numel() == root->type.numel()) {  // all of the root: the old contents do not matter
    if (std::optional<std::vector<int64_t>> order = dense_order(window_type.sizes, window_type.strides, root->type.numel()))
      return reshape(contiguous(permute(source, *order)), root->type.sizes);
  }
  for (size_t d = 0; d < window_type.sizes.size(); ++d)
    if (window_type.sizes[d] != 0 && window_type.sizes[d] != 1 && window_type.strides[d] == 0)
      throw CompileError("an in-place write into an expanded tensor, several elements of which are one memory location; clone() it first");
  return op("etc::view_scatter", {root, source, window_type.sizes, window_type.strides, view_offset(view)});
}

}  // namespace etc::compile
