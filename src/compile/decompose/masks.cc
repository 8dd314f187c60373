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
  if (root->kind == Value::Kind::Constant || env.count(root)) return true;
  if (root->kind != Value::Kind::Result || root->producer->is_external()) return false;
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
Values resolve(Builder& b, const std::string& op, const Values& indices) {
  Values resolved;
  for (Value* v : indices) {
    if (!is_mask(v)) {
      resolved.push_back(v && v->type.dtype != DType::I32 ? b.cast(v, DType::I64) : v);
      continue;
    }
    if (v->type.sizes.empty()) throw CompileError(op + ": a 0-d mask is not supported as an index; use torch.where");
    Environment env;
    if (!evaluate(v, env))
      throw CompileError(op + ": the result's size depends on the data of mask " + v->name +
                         "; use torch.where or masked_fill to keep the size");
    for (const Argument& a : indices_of(b, v, gather(v, env))) resolved.push_back(std::get<Value*>(a));
  }
  return resolved;
}

Results index(Builder& b, const Call& c) { return b.call("etc::index", {c.args[0], resolve(b, c.schema.name, c.tensors(1))}); }

Results index_put(Builder& b, const Call& c) {
  const Values indices = c.tensors(1);
  Value *self = c.tensor(0), *values = b.cast(c.tensor(2), self->type.dtype);
  if (indices.size() == 1 && is_mask(indices[0]) && values->type.numel() == 1 && !c.boolean(3)) {
    Value* mask = indices[0];
    Sizes sizes = mask->type.sizes;
    sizes.resize(self->type.sizes.size(), 1);  // trailing dimensions that the mask does not reach
    return b.call("aten::where.self", {b.cast(b.reshape(mask, sizes), DType::Bool), b.reshape(values, {}), self});
  }
  return b.call("etc::index_put", {self, resolve(b, c.schema.name, indices), values, c.args[3]});
}

}  // namespace

std::vector<Decomposition> mask_decompositions() {
  return {
      {"aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor", index},
      {"aten::index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor", index_put},
  };
}

}  // namespace etc::compile
