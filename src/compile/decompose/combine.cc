// Tensors put together and laid out anew: stacks, repeats, rotations, diagonals, patches.
#include <numeric>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

Results cat(Builder& b, Values tensors, int64_t dim) { return {b.op("aten::cat", {std::move(tensors), dim})}; }

template <int64_t rank>
Values at_least(Builder& b, Values tensors) {
  for (Value*& v : tensors) v = b.op("aten::atleast_" + std::to_string(rank) + "d", {v});
  return tensors;
}

Results stack(Builder& b, const Call& c) {
  Values tensors = c.tensors(0);
  for (Value*& v : tensors) v = b.unsqueeze(v, c.integer(1));
  const int64_t rank = rank_of(tensors.at(0));
  return cat(b, std::move(tensors), c.integer(1) < 0 ? c.integer(1) + rank : c.integer(1));
}
Results hstack(Builder& b, const Call& c) {
  Values tensors = at_least<1>(b, c.tensors(0));
  const int64_t dim = rank_of(tensors.at(0)) == 1 ? 0 : 1;
  return cat(b, std::move(tensors), dim);
}
Results vstack(Builder& b, const Call& c) { return cat(b, at_least<2>(b, c.tensors(0)), 0); }
Results dstack(Builder& b, const Call& c) { return cat(b, at_least<3>(b, c.tensors(0)), 2); }
Results column_stack(Builder& b, const Call& c) {
  Values tensors = c.tensors(0);
  for (Value*& v : tensors)
    if (rank_of(v) <= 1) v = b.reshape(v, {-1, 1});
  return cat(b, std::move(tensors), 1);
}

// Copies along new dimensions beside each, which reshape then joins.
Value* repeated(Builder& b, Value* v, const Sizes& repeats) {
  if (repeats.size() < v->type.sizes.size()) throw CompileError("repeat names fewer dimensions than the tensor has");
  Sizes sizes = v->type.sizes, split, expanded, joined;
  sizes.insert(sizes.begin(), repeats.size() - sizes.size(), SymInt(1));
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (provably_less(repeats[d], 0)) throw CompileError("repeat by " + to_string(repeats[d]));
    split.insert(split.end(), {SymInt(1), sizes[d]});
    expanded.insert(expanded.end(), {repeats[d], sizes[d]});
    joined.push_back(repeats[d] * sizes[d]);
  }
  return b.reshape(b.expand(b.reshape(v, split), expanded), joined);
}
Results repeat(Builder& b, const Call& c) { return {repeated(b, c.tensor(0), c.syms(1))}; }
Results tile(Builder& b, const Call& c) {
  Sizes repeats = c.syms(1);
  const size_t rank = c.tensor(0)->type.sizes.size();
  if (repeats.size() < rank) repeats.insert(repeats.begin(), rank - repeats.size(), SymInt(1));
  return {repeated(b, c.tensor(0), repeats)};
}
Results repeat_interleave(Builder& b, const Call& c) {
  Value* v = c.has(2) ? c.tensor(0) : b.reshape(c.tensor(0), {-1});
  if (rank_of(v) == 0) v = b.reshape(v, {1});
  const SymInt times = c.sym(1);
  const int64_t dim = c.has(2) ? wrap_dim(c.integer(2), rank_of(v)) : 0;
  if (provably_less(times, 0)) throw CompileError("repeat_interleave by " + to_string(times));
  Sizes expanded = v->type.sizes, joined = v->type.sizes;
  expanded.insert(expanded.begin() + dim + 1, times);
  joined.at(static_cast<size_t>(dim)) *= times;
  return {b.reshape(b.expand(b.unsqueeze(v, dim + 1), expanded), joined)};
}

Value* flipped(Builder& b, Value* v, std::vector<int64_t> dims) { return b.op("aten::flip", {v, std::move(dims)}); }
Results rot90(Builder& b, const Call& c) {
  const std::vector<int64_t> dims = c.ints(2);
  if (dims.size() != 2) throw CompileError("rot90 turns a plane of two dimensions");
  Value* v = c.tensor(0);
  switch (((c.integer(1) % 4) + 4) % 4) {
    case 1: return {b.transpose(flipped(b, v, {dims[1]}), dims[0], dims[1])};
    case 2: return {flipped(b, v, dims)};
    case 3: return {b.transpose(flipped(b, v, {dims[0]}), dims[0], dims[1])};
    default: return {v};
  }
}

// Half of the dimension to the other side; `round` tells which half is the larger one.
template <int64_t kRound>
Results half_turn(Builder& b, const Call& c) {
  const Value* x = c.tensor(0);
  std::vector<int64_t> dims = c.ints(1), shifts;
  if (!c.has(1)) {
    dims.resize(x->type.sizes.size());
    std::iota(dims.begin(), dims.end(), int64_t{0});
  }
  for (const int64_t d : dims) shifts.push_back((size_of(x, d) + kRound) / 2);  // fixed
  return b.call("aten::roll", {c.args[0], shifts, dims});
}

// A tensor of zeros with `v`'s last dimension on the diagonal of two new ones.
Value* on_diagonal(Builder& b, Value* v, int64_t offset, int64_t dim1, int64_t dim2) {
  const int64_t rank = rank_of(v) + 1;
  const SymInt n = size_of(v, -1) + std::abs(offset);
  Sizes sizes(v->type.sizes.begin(), v->type.sizes.end() - 1);
  const int64_t first = wrap_dim(dim1, rank), second = wrap_dim(dim2, rank);
  sizes.insert(sizes.begin() + std::min(first, second), n);
  sizes.insert(sizes.begin() + std::max(first, second), n);
  Value* zeros = b.contiguous(b.full(v->type.dtype, sizes, int64_t{0}));
  return b.op("aten::diagonal_scatter", {zeros, v, offset, dim1, dim2});
}
Results diag_embed(Builder& b, const Call& c) { return {on_diagonal(b, c.tensor(0), c.integer(1), c.integer(2), c.integer(3))}; }
Results diag(Builder& b, const Call& c) {
  if (rank_of(c.tensor(0)) == 1) return {on_diagonal(b, c.tensor(0), c.integer(1), 0, 1)};
  return b.call("aten::diagonal", {c.args[0], c.args[1], 0, 1});
}

Results cartesian_prod(Builder& b, const Call& c) {
  if (c.tensors(0).size() == 1) return {c.tensors(0)[0]};
  Values columns = std::get<Values>(b.call("aten::meshgrid", {c.args[0]})[0]);
  for (Value*& column : columns) column = b.reshape(column, {-1});
  return {b.op("aten::stack", {columns, 1})};
}

// --- patches: [n, c, h, w] as columns of windows, and back ---

struct Windows {
  std::vector<int64_t> kernel, dilation, padding, stride;
  SymInt count(const SymInt& size, size_t d) const {
    const SymInt room = size + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1;
    if (provably_less(room, 0)) throw CompileError("windows larger than the padded image");
    return room / stride[d] + 1;
  }
};

Results im2col(Builder& b, const Call& c) {
  const Windows w{c.ints(1), c.ints(2), c.ints(3), c.ints(4)};
  Value* x = c.tensor(0);
  const bool batched = rank_of(x) == 4;
  if (!batched) x = b.unsqueeze(x, 0);
  const SymInt n = size_of(x, 0), channels = size_of(x, 1), rows = w.count(size_of(x, 2), 0), columns = w.count(size_of(x, 3), 1);
  if (w.padding != std::vector<int64_t>{0, 0})
    x = b.op("aten::constant_pad_nd", {x, std::vector<int64_t>{w.padding[1], w.padding[1], w.padding[0], w.padding[0]}});
  const Sizes& s = x->type.strides;
  Value* windows =
      b.strided(x, {n, channels, w.kernel[0], w.kernel[1], rows, columns},
                {s[0], s[1], s[2] * w.dilation[0], s[3] * w.dilation[1], s[2] * w.stride[0], s[3] * w.stride[1]}, view_offset(x));
  Value* result = b.reshape(windows, {n, channels * w.kernel[0] * w.kernel[1], rows * columns});
  return {batched ? result : b.squeeze(result, {0})};
}

// Sums each column's elements into the places that im2col took them from.
Results col2im(Builder& b, const Call& c) {
  const std::vector<int64_t> size = c.ints(1);
  const Windows w{c.ints(2), c.ints(3), c.ints(4), c.ints(5)};
  Value* x = c.tensor(0);
  const bool batched = rank_of(x) == 3;
  if (!batched) x = b.unsqueeze(x, 0);
  const int64_t rows = w.count(size[0], 0), columns = w.count(size[1], 1);
  const int64_t height = size[0] + 2 * w.padding[0], width = size[1] + 2 * w.padding[1];
  const int64_t n = size_of(x, 0), channels = size_of(x, 1) / (w.kernel[0] * w.kernel[1]);
  std::vector<int64_t> places;
  for (int64_t i = 0; i < w.kernel[0]; ++i)
    for (int64_t j = 0; j < w.kernel[1]; ++j)
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t q = 0; q < columns; ++q)
          places.push_back((r * w.stride[0] + i * w.dilation[0]) * width + q * w.stride[1] + j * w.dilation[1]);
  const auto count = static_cast<int64_t>(places.size());
  Value* zeros = b.contiguous(b.full(x->type.dtype, {n, channels, height * width}, int64_t{0}));
  Value* image = b.op("aten::index_add", {zeros, 2, b.constant_of(DType::I64, {count}, places), b.reshape(x, {n, channels, count})});
  image = b.reshape(image, {n, channels, height, width});
  image = b.slice(b.slice(image, 2, w.padding[0], w.padding[0] + size[0]), 3, w.padding[1], w.padding[1] + size[1]);
  return {batched ? image : b.squeeze(image, {0})};
}

}  // namespace

std::vector<Decomposition> combine_decompositions() {
  return {
      {"aten::concat(Tensor[] tensors, int dim=0) -> Tensor", same_as<"aten::cat">},
      {"aten::concatenate(Tensor[] tensors, int dim=0) -> Tensor", same_as<"aten::cat">},
      {"aten::stack(Tensor[] tensors, int dim=0) -> Tensor", stack},
      {"aten::hstack(Tensor[] tensors) -> Tensor", hstack},
      {"aten::vstack(Tensor[] tensors) -> Tensor", vstack},
      {"aten::row_stack(Tensor[] tensors) -> Tensor", vstack},
      {"aten::dstack(Tensor[] tensors) -> Tensor", dstack},
      {"aten::column_stack(Tensor[] tensors) -> Tensor", column_stack},
      {"aten::repeat(Tensor self, SymInt[] repeats) -> Tensor", repeat},
      {"aten::tile(Tensor self, SymInt[] dims) -> Tensor", tile},
      {"aten::repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
       repeat_interleave},
      {"aten::rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor", rot90},
      {"aten::fliplr(Tensor self) -> Tensor", [](Builder& b, const Call& c) -> Results { return {flipped(b, c.tensor(0), {1})}; }},
      {"aten::flipud(Tensor self) -> Tensor", [](Builder& b, const Call& c) -> Results { return {flipped(b, c.tensor(0), {0})}; }},
      {"aten::fft_fftshift(Tensor self, int[1]? dim=None) -> Tensor", half_turn<0>},
      {"aten::fft_ifftshift(Tensor self, int[1]? dim=None) -> Tensor", half_turn<1>},
      {"aten::diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor", diag_embed},
      {"aten::diag(Tensor self, int diagonal=0) -> Tensor", diag},
      {"aten::cartesian_prod(Tensor[] tensors) -> Tensor", cartesian_prod},
      {"aten::im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor", im2col},
      {"aten::col2im(Tensor self, SymInt[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor",
       col2im},
  };
}

}  // namespace etc::compile
