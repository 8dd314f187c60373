// Removes ops that give back what they got, bit for bit: NaN and the sign of zero included. (x + 0.0 is no such op: -0.0 + 0.0 is 0.0.)
#include <cmath>

#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

bool is_zero(const Value* v, bool negative) {
  const std::optional<double> n = number_of(v);
  return n && *n == 0 && (!is_floating(v->type.dtype) || std::signbit(*n) == negative);
}
bool is_one(const Value* v) { return number_of(v) == 1.0; }

bool same_elements(const TensorType& a, const TensorType& b) { return a.dtype == b.dtype && a.sizes == b.sizes; }

// Whether every number of `from` is one of `to`.
bool holds_all(DType from, DType to) {
  if (from == to) return true;
  auto whole_bits = [](DType t) -> int {  // integers of this many bits are exact
    switch (t) {
      case DType::Bool: return 1;
      case DType::F16: return 11;
      case DType::BF16: return 8;
      case DType::F32: return 24;
      case DType::F64: return 53;
      case DType::F8E4M3FN: return 4;
      case DType::F8E5M2: return 3;
      default: return 8 * static_cast<int>(size_in_bytes(t)) - (is_signed(t) ? 1 : 0);
    }
  };
  if (is_floating(from)) return (to == DType::F32 && size_in_bytes(from) <= 2) || to == DType::F64;
  if (!is_floating(to) && is_signed(from) && !is_signed(to)) return false;
  return to != DType::Bool && whole_bits(from) <= whole_bits(to);
}

// The operand that the node's only result equals, or null.
Value* operand_equal_to(const Node& node) {
  if (node.results.size() != 1 || node.is_external()) return nullptr;
  const TensorType& type = node.results[0]->type;
  auto tensor = [&](size_t i) {
    auto* v = i < node.args.size() ? std::get_if<Value*>(&node.args[i]) : nullptr;
    return v ? *v : nullptr;
  };
  auto alpha_is_one = [&] {
    auto* whole = std::get_if<int64_t>(&node.args[2]);
    auto* real = std::get_if<double>(&node.args[2]);
    return (whole && *whole == 1) || (real && *real == 1.0);
  };
  Value* a = tensor(0);
  Value* b = tensor(1);

  if (node.op == "etc::view")
    return same_elements(a->type, type) && std::get<int64_t>(node.args[3]) == 0 && type.is_contiguous() ? a : nullptr;
  if (node.op == "etc::cast") return a->type.dtype == type.dtype ? a : nullptr;
  if (node.op == "aten::cat") {  // legacy empty tensors of shape [0] count for nothing
    const Values& list = std::get<Values>(node.args[0]);
    Value* only = nullptr;
    for (Value* v : list) {
      if (v->type.numel() == 0) continue;
      if (only) return nullptr;
      only = v;
    }
    return only && same_elements(only->type, type) ? only : nullptr;
  }
  if (node.op == "etc::view_scatter")
    return same_elements(b->type, type) && syms_of(node.args[3]) == type.strides && sym_of(node.args[4]) == 0 ? b : nullptr;

  auto result = [&](Value* v) { return v && same_elements(v->type, type) ? v : nullptr; };
  if (node.op == "aten::mul.Tensor") return a && b ? (is_one(b) ? result(a) : is_one(a) ? result(b) : nullptr) : nullptr;
  if (node.op == "aten::div.Tensor") return b && is_one(b) ? result(a) : nullptr;
  if (node.op == "aten::add.Tensor" && a && b && alpha_is_one())
    return is_zero(b, true) ? result(a) : is_zero(a, true) ? result(b) : nullptr;
  if (node.op == "aten::sub.Tensor" && b && alpha_is_one()) return is_zero(b, false) ? result(a) : nullptr;
  return nullptr;
}

// cast(cast(x, wide), t) is cast(x, t) when `wide` holds all that x can be. From floating to integer only the direct way decides
// what becomes of numbers out of range, so those stay.
bool shorten_cast(Node& node) {
  if (node.op != "etc::cast") return false;
  Value* middle = std::get<Value*>(node.args[0]);
  if (!middle->producer || middle->producer->op != "etc::cast") return false;
  Value* x = std::get<Value*>(middle->producer->args[0]);
  const DType to = node.results[0]->type.dtype;
  if (!holds_all(x->type.dtype, middle->type.dtype) || (is_floating(x->type.dtype) && !is_floating(to))) return false;
  node.args[0] = x;
  return true;
}

bool run(Graph& graph) {
  bool changed = false;
  for (auto it = graph.nodes.begin(); it != graph.nodes.end();) {
    Node& node = **it;
    changed |= shorten_cast(node);
    if (Value* same = operand_equal_to(node); same && replace_root(graph, node.results[0], same)) {
      it = graph.nodes.erase(it);
      changed = true;
    } else {
      ++it;
    }
  }
  return changed;
}

}  // namespace

extern const Pass remove_noops;
constinit const Pass remove_noops = {"remove-noops", "remove ops that give back what they got", run};

}  // namespace etc::compile::passes
