// Gathering and scattering: the overloads and combinations that stand on gather, index_select, scatter and their like.
#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

// Any tensor that copies may be made from: a constant of these sizes with the numbers in memory.
Term filled(Builder& b, DType dtype, const Sizes& sizes, const Argument& number) {
  return term(b, b.contiguous(b.full(dtype, sizes, number)));
}

Results index_fill(Builder& b, const Call& c) {  // self, dim, index, value
  const Term x = term(b, c, 0);
  Term index = term(b, c, 2);
  if (rank_of(index) == 0) index = unsqueeze(index, 0);
  Term target = rank_of(x) == 0 ? unsqueeze(x, 0) : x;
  Sizes sizes = target->type.sizes;
  sizes[static_cast<size_t>(wrap_dim(c.integer(1), rank_of(target)))] = size_of(index, 0);
  const auto* value = std::get_if<Value*>(&c.args[3]);
  const Term source = value ? term(b, b.expand(b.cast(*value, x->type.dtype), sizes)) : full(b, x->type.dtype, sizes, c.args[3]);
  return {reshape(apply("aten::index_copy", {target}, {c.args[1], index.value(), source.value()}), x->type.sizes)};
}

// Indices into the flattened tensor; negative ones count from the end.
Results take(Builder& b, const Call& c) { return b.call("aten::index.Tensor", {b.reshape(c.tensor(0), {-1}), Values{c.tensor(1)}}); }

// As gather, with broadcasting and indices that count from the end.
Results take_along_dim(Builder& b, const Call& c) {
  const Term x = c.has(2) ? term(b, c, 0) : reshape(term(b, c, 0), {-1}), given = c.has(2) ? term(b, c, 1) : reshape(term(b, c, 1), {-1});
  const int64_t dim = c.has(2) ? wrap_dim(c.integer(2), rank_of(x)) : 0;
  const auto d = static_cast<size_t>(dim);
  Sizes sx = x->type.sizes, si = given->type.sizes;
  if (sx.size() != si.size() || d >= sx.size()) throw CompileError("take_along_dim of tensors of different rank");
  sx[d] = si[d] = 1;
  Sizes all = broadcast(sx, si), along = all;
  all[d] = x->type.sizes[d], along[d] = given->type.sizes[d];
  const Term indices = where(lt(given, 0), given + Term(all[d]), given);
  return b.call("aten::gather", {b.expand(x, all), dim, b.expand(indices, along)});
}

Results embedding_bag(Builder& b, const Call& c, int64_t padding_idx) {
  std::vector<Argument> args(c.args.begin(), c.args.begin() + 8);
  args.push_back(padding_idx);
  return b.call("aten::_embedding_bag", std::move(args));
}
Results embedding_bag_padding(Builder& b, const Call& c) {
  if (!c.has(8)) return embedding_bag(b, c, -1);
  const int64_t padding = c.integer(8);
  return embedding_bag(b, c, static_cast<int64_t>(padding < 0 ? padding + size_of(c.tensor(0), 0) : SymInt(padding)));
}

Results one_hot(Builder& b, const Call& c) {
  if (c.integer(1) < 0)
    throw CompileError("one_hot without num_classes: the result's size depends on the data; give the number of classes");
  return {cast(eq(unsqueeze(term(b, c, 0), -1), iota(b, c.integer(1))), DType::I64)};
}

// scatter.reduce's names in scatter_reduce's.
std::string reduction_of(const std::string& name) {
  if (name == "add") return "sum";
  if (name == "multiply") return "prod";
  throw CompileError("unknown scatter reduction '" + name + "'");
}
Results scatter_reduce(Builder& b, const Call& c) {
  return b.call("aten::scatter_reduce.two", {c.args[0], c.args[1], c.args[2], c.args[3], reduction_of(c.string(4))});
}
Results scatter_value_reduce(Builder& b, const Call& c) {
  const Value* index = c.tensor(2);
  return b.call("aten::scatter_reduce.two", {c.args[0], c.args[1], c.args[2], b.full(c.tensor(0)->type.dtype, index->type.sizes, c.args[3]),
                                             reduction_of(c.string(4))});
}

// The source's elements in order, one for each true of the mask.
Results masked_scatter(Builder& b, const Call& c) {
  const Sizes sizes = broadcast(c.tensor(0)->type.sizes, c.tensor(1)->type.sizes);
  const Term mask = expand(term(b, c, 1), sizes), flat = reshape(mask, {-1});
  const Term position = maximum(apply("aten::cumsum", {cast(flat, DType::I64)}, {int64_t{0}}) - 1, 0);
  const Term chosen = apply("aten::index_select", {reshape(term(b, c, 2), {-1})}, {int64_t{0}, position.value()});
  return {where(mask, reshape(chosen, sizes), expand(term(b, c, 0), sizes))};
}

Results isin(Builder& b, const Call& c) {  // elements, test_elements, assume_unique, invert
  const Term tests = reshape(term(b, c, 1), {-1});
  const bool is_one = !std::holds_alternative<Value*>(c.args[0]);
  const Term found = any(eq(is_one ? term(b, c, 0) : unsqueeze(term(b, c, 0), -1), tests), {-1});
  return {c.boolean(3) ? apply("aten::logical_not", {found}) : found};
}
Results isin_one(Builder& b, const Call& c) { return {c.boolean(3) ? ne(term(b, c, 0), term(b, c, 1)) : eq(term(b, c, 0), term(b, c, 1))}; }

// A number among sorted ones: as a 0-d tensor of a dtype that holds it.
template <OpName op, size_t kNumber>
Results search_number(Builder& b, const Call& c) {
  std::vector<Argument> args = c.args;
  args[kNumber] = b.scalar(result_type(b, {c.args[1 - kNumber], c.args[kNumber]}), c.args[kNumber]);
  return b.call(op.text, std::move(args));
}

// Counts in equal bins; what lies outside of [min, max] counts nowhere. min == max means the range of the data.
Results histc(Builder& b, const Call& c) {
  const Term x = reshape(term(b, c, 0), {-1});
  const DType dtype = x->type.dtype;
  const int64_t bins = c.integer(1);
  double low = number(c.args[2]), high = number(c.args[3]);
  Term from = term(b, b.scalar(dtype, low)), to = term(b, b.scalar(dtype, high));
  if (low == high && size_of(x, 0) > 0) {
    const Term least = amin(x), most = amax(x), flat = eq(least, most);
    from = where(flat, least - 1, least), to = where(flat, most + 1, most);
  } else if (low == high) {
    from = term(b, b.scalar(dtype, low - 1)), to = term(b, b.scalar(dtype, high + 1));
  }
  const Term inside = both(ge(x, from), le(x, to));
  Term position = (where(inside, x, from) - from) * static_cast<double>(bins) / (to - from);
  position = minimum(cast(position, DType::I64), bins - 1);
  return {apply("aten::scatter_add", {filled(b, dtype, {bins}, 0)}, {0, position.value(), b.cast(inside, dtype)})};
}

}  // namespace

std::vector<Decomposition> index_decompositions() {
  return {
      {"aten::index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor", index_fill},
      {"aten::index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor", index_fill},
      {"aten::_unsafe_index.Tensor(Tensor self, Tensor?[] indices) -> Tensor", same_as<"aten::index.Tensor">},
      {"aten::_unsafe_index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
       same_as<"aten::index_put">},
      {"aten::take(Tensor self, Tensor index) -> Tensor", take},
      {"aten::take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor", take_along_dim},
      {"aten::embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, "
       "Tensor? per_sample_weights=None, bool include_last_offset=False) -> (Tensor, Tensor, Tensor, Tensor)",
       [](Builder& b, const Call& c) { return embedding_bag(b, c, -1); }},
      {"aten::embedding_bag.padding_idx(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, int mode, bool sparse, "
       "Tensor? per_sample_weights, bool include_last_offset, int? padding_idx) -> (Tensor, Tensor, Tensor, Tensor)",
       embedding_bag_padding},
      {"aten::_embedding_bag_forward_only(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool "
       "sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False, int padding_idx=-1) -> (Tensor, Tensor, Tensor, "
       "Tensor)",
       same_as<"aten::_embedding_bag">},
      {"aten::one_hot(Tensor self, int num_classes=-1) -> Tensor", one_hot},
      {"aten::scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor", scatter_reduce},
      {"aten::scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor", scatter_value_reduce},
      {"aten::masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor", masked_scatter},
      {"aten::isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor", isin},
      {"aten::isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False) -> Tensor",
       isin_one},
      {"aten::isin.Scalar_Tensor(Scalar element, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor", isin},
      {"aten::searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, str? side=None, "
       "Tensor? sorter=None) -> Tensor",
       search_number<"aten::searchsorted.Tensor", 1>},
      {"aten::bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
       search_number<"aten::bucketize.Tensor", 0>},
      {"aten::histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor", histc},
  };
}

}  // namespace etc::compile
