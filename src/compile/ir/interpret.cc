// Node by node on the heap: the slow, plain way to run a graph that everything fast is compared with.
#include "ir/interpret.h"

#include <algorithm>
#include <cstring>

#include "ir/error.h"
#include "ir/flow.h"
#include "ir/one_op.h"

namespace etc::compile {
namespace {

const ConstantData& root_data(const Value* root, const Environment& env) {
  if (auto it = env.find(root); it != env.end()) return it->second;
  if (root->kind == Value::Kind::Constant || root->kind == Value::Kind::State) return root->constant;
  throw InternalError("value " + root->name + " has no data");
}

const std::byte* address_of(const Value* v, const Environment& env) {
  const Value* root = root_of(const_cast<Value*>(v));
  return root_data(root, env).data + static_cast<int64_t>(view_offset(v)) * size_in_bytes(v->type.dtype);
}

const char* message_of(Error e) {
  switch (e) {
    case Error::BadShape: return "the shapes do not fit";
    case Error::BadValue: return "an index or value is out of range";
    case Error::MissingOp: return "no kernel takes these dtypes and strides";
    default: return "the kernel failed";
  }
}

}  // namespace

ConstantData gather(const Value* v, const Environment& env) {
  const uint32_t width = size_in_bytes(v->type.dtype);
  const std::byte* from = address_of(v, env);
  if (v->type.is_contiguous()) return ConstantData::copy_of(from, static_cast<size_t>(v->type.bytes()));
  const std::vector<int64_t> sizes = v->type.sizes.fixed(), strides = v->type.strides.fixed();
  std::vector<std::byte> out(static_cast<size_t>(v->type.bytes()));
  std::vector<int64_t> index(sizes.size(), 0);
  for (size_t at = 0; at < out.size(); at += width) {
    int64_t offset = 0;
    for (size_t d = 0; d < sizes.size(); ++d) offset += index[d] * strides[d];
    std::memcpy(out.data() + at, from + offset * width, width);
    for (size_t d = sizes.size(); d-- > 0 && ++index[d] == sizes[d];) index[d] = 0;
  }
  return ConstantData::copy_of(out.data(), out.size());
}

void run_node(const Node& node, Environment& env) {
  if (is_eval_op(node)) throw CompileError(node.op + ": sizes that vary are not interpreted");
  const Op* op = find_kernel_op(node.op);
  if (!op) throw InternalError(node.op + " has no kernel to run");
  // Kernels that refuse an operand's strides get contiguous copies, as the legalise pass would insert.
  std::vector<std::unique_ptr<Value>> dense;
  std::vector<Argument> args = node.args;
  std::vector<ConstantData> copies;
  std::vector<TensorType> types;
  for (const Value* r : node.results) types.push_back(r->type);
  {
    OneOp probe(*op, args);
    probe.set_results(types);
    if (!probe.has_kernel()) {
      auto densify = [&](Value*& v) {
        if (v->type.is_contiguous()) return;
        copies.push_back(gather(v, env));
        auto d = std::make_unique<Value>(*v);
        d->producer = nullptr;
        d->kind = Value::Kind::Constant;
        d->type = TensorType(v->type.dtype, v->type.sizes);
        d->constant = copies.back();
        v = d.get();
        dense.push_back(std::move(d));
      };
      Node copy;
      copy.args = args;
      for_each_operand(copy, densify);
      args = copy.args;
    }
  }
  OneOp one(*op, args);
  one.set_results(types);
  Node bound;
  bound.args = args;
  for_each_operand(bound, [&](Value*& v) { one.set_data(v, address_of(v, env)); });
  std::vector<ConstantData> results;
  for (uint32_t i = 0; i < types.size(); ++i) {
    const auto bytes = static_cast<size_t>(types[i].bytes());
    auto memory = std::make_shared<std::vector<std::byte>>(bytes + 64);
    results.push_back({memory, memory->data(), bytes});
    one.set_result_data(i, memory->data());
  }
  if (Error e = one.run(); e != Error::Ok) throw CompileError(node.op + ": " + message_of(e));
  for (size_t i = 0; i < results.size(); ++i) env[node.results[i]] = std::move(results[i]);
}

namespace {

constexpr int kMaxRounds = 1 << 20;  // of a loop; more is taken to be endless

std::vector<ConstantData> run_body(const Graph& body, const std::vector<ConstantData>& operands) {
  Environment env;
  for (size_t i = 0; i < operands.size(); ++i) env[body.inputs[i]] = operands[i];
  run_graph(body, env);
  std::vector<ConstantData> results;
  for (const Output& o : body.outputs) results.push_back(gather(o.value, env));
  return results;
}

bool is_true(const ConstantData& data) { return *data.data != std::byte{0}; }

void run_flow(const Node& node, Environment& env) {
  std::vector<ConstantData> values;
  for (const Value* v : body_operands(node)) values.push_back(gather(v, env));
  if (is_cond(node)) {
    const bool predicate = is_true(gather(std::get<Value*>(node.args[0]), env));
    values = run_body(*node.bodies[predicate ? 0 : 1], values);
  } else {
    for (int round = 0; is_true(run_body(*node.bodies[0], values)[0]); ++round) {
      if (round == kMaxRounds) throw CompileError("a loop that does not end");
      std::vector<ConstantData> next = run_body(*node.bodies[1], values);
      std::move(next.begin(), next.end(), values.begin());
    }
  }
  for (size_t i = 0; i < node.results.size(); ++i) env[node.results[i]] = values[i];
}

}  // namespace

void run_graph(const Graph& graph, Environment& env) {
  for (const auto& node : graph.nodes) {
    if (has_bodies(*node))
      run_flow(*node, env);
    else if (node->op != "etc::view")
      run_node(*node, env);
  }
}

}  // namespace etc::compile
