// Indexing and choosing by masks. A mask that is known when compiling becomes the integer indices of its true elements, as PyTorch does
// when it runs; one that is not is only good for writing one value (index_put), which is a choice between two tensors.
#include "decompose/decompose.h"
#include "decompose/term.h"
#include "ir/interpret.h"

namespace etc::compile {
namespace {

// Computes v into env when everything that it is made of is constant.
bool evaluate(Value* v, Environment& env) {
  Value* root = root_of(v);
  if (has_symbols(*v) || has_symbols(*root)) return false;
  if (root->kind == Value::Kind::Constant || env.count(root)) return true;
  if (root->kind != Value::Kind::Result || root->producer->is_external() || has_symbols(*root->producer)) return false;
  bool known = true;
  for_each_operand(static_cast<const Node&>(*root->producer), [&](Value* operand) { known = known && evaluate(operand, env); });
  if (known) run_node(*root->producer, env);
  return known;
}

bool is_mask(const Value* v) { return v && (v->type.dtype == DType::Bool || v->type.dtype == DType::U8); }

// One I64 constant for each dimension of the mask: where it is true, in row-major order.
std::vector<Argument> indices_of(Builder& b, const Value* mask, const ConstantData& data) {
  const Sizes& sizes = mask->type.sizes;
  std::vector<std::vector<int64_t>> found(sizes.size());
  for (uint64_t i = 0; i < data.bytes; ++i) {
    if (data.data[i] == std::byte{0}) continue;
    int64_t rest = static_cast<int64_t>(i);
    for (size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) found[d].push_back(rest % sizes[d]);
  }
  std::vector<Argument> result;
  for (const auto& along : found) result.push_back(b.constant_of(DType::I64, {static_cast<int64_t>(along.size())}, along));
  return result;
}

// The indices with masks resolved, ints widened to I64 alike. A mask of several dimensions takes several places.
Values resolve(Builder& b, const Values& indices, const std::string& op) {
  Values resolved;
  for (Value* v : indices) {
    if (!is_mask(v)) {
      resolved.push_back(v && v->type.dtype != DType::I32 ? b.cast(v, DType::I64) : v);
      continue;
    }
    if (v->type.sizes.empty()) throw CompileError(op + ": a 0-d mask is not supported as an index; use torch.where");
    Environment env;
    if (!evaluate(v, env)) {  // where it is true is known when the program runs
      Value* places = b.op("aten::nonzero", {v});
      for (int64_t d = 0; d < rank_of(v); ++d) resolved.push_back(b.select(places, 1, d));
      continue;
    }
    for (const Argument& a : indices_of(b, v, gather(v, env))) resolved.push_back(std::get<Value*>(a));
  }
  return resolved;
}

// --- results whose size data decide; at most what the model or the user says ---

Results nonzero(Builder& b, const Call& c) { return {b.op("etc::nonzero", {b.cast(c.tensor(0), DType::Bool), b.announced_upper()})}; }
Results nonzero_numpy(Builder& b, const Call& c) {
  Value* places = b.op("aten::nonzero", {c.args[0]});
  Values columns;
  for (int64_t d = 0; d < rank_of(c.tensor(0)); ++d) columns.push_back(b.select(places, 1, d));
  return {columns};
}
Results masked_select(Builder& b, const Call& c) {
  const Sizes sizes = broadcast(c.tensor(0)->type.sizes, c.tensor(1)->type.sizes);
  Value *self = b.expand(c.tensor(0), sizes), *mask = b.cast(b.expand(c.tensor(1), sizes), DType::Bool);
  if (sizes.empty()) self = b.reshape(self, {1}), mask = b.reshape(mask, {1});
  return b.call("aten::index.Tensor", {self, Values{mask}});
}

// i as often as repeats[i] says.
Results repeat_interleave(Builder& b, const Call& c) {
  Value* repeats = b.cast(c.tensor(0), DType::I64);
  if (c.has(1)) return {b.op("etc::repeat_interleave", {repeats, c.sym(1)})};
  return {b.op("etc::repeat_interleave_bounded", {repeats, b.announced_upper()})};
}
Results repeat_interleave_self(Builder& b, const Call& c) {
  Value* self = c.has(2) ? c.tensor(0) : b.reshape(c.tensor(0), {-1});
  const int64_t dim = c.has(2) ? wrap_dim(c.integer(2), rank_of(self)) : 0;
  Value* repeats = c.tensor(1);
  if (repeats->type.numel() == 1) repeats = b.expand(b.reshape(repeats, {1}), {self->type.sizes.at(static_cast<size_t>(dim))});
  return b.call("aten::index_select", {self, dim, b.call("aten::repeat_interleave.Tensor", {b.contiguous(repeats), c.args[3]})[0]});
}

Results index(Builder& b, const Call& c) { return b.call("etc::index", {c.args[0], resolve(b, c.tensors(1), c.schema.name)}); }

Results index_put(Builder& b, const Call& c) {
  const Values indices = c.tensors(1);
  Value *self = c.tensor(0), *values = b.cast(c.tensor(2), self->type.dtype);
  if (indices.size() == 1 && is_mask(indices[0]) && values->type.numel() == 1 && !c.boolean(3)) {
    Value* mask = indices[0];
    Sizes sizes = mask->type.sizes;
    sizes.resize(self->type.sizes.size(), 1);  // trailing dimensions that the mask does not reach
    return b.call("aten::where.self", {b.cast(b.reshape(mask, sizes), DType::Bool), b.reshape(values, {}), self});
  }
  return b.call("etc::index_put", {self, resolve(b, indices, c.schema.name), values, c.args[3]});
}

}  // namespace

std::vector<Decomposition> mask_decompositions() {
  return {
      {"aten::nonzero(Tensor self) -> Tensor", nonzero},
      {"aten::nonzero_numpy(Tensor self) -> Tensor[]", nonzero_numpy},
      {"aten::argwhere(Tensor self) -> Tensor", nonzero},
      {"aten::masked_select(Tensor self, Tensor mask) -> Tensor", masked_select},
      {"aten::repeat_interleave.Tensor(Tensor repeats, *, SymInt? output_size=None) -> Tensor", repeat_interleave},
      {"aten::repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
       repeat_interleave_self},
      {"aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor", index},
      {"aten::index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor", index_put},
  };
}

}  // namespace etc::compile
