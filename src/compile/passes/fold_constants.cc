// Runs nodes whose operands are all constants, with the portable kernels. A result of equal elements becomes one element, expanded,
// where its consumers take that: files stay small, and later passes see a number.
#include <algorithm>
#include <cstring>

#include "ir/error.h"
#include "ir/interpret.h"
#include "ir/one_op.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

// A result may exceed its operands by this much and still go into the file; beyond, the program computes it.
constexpr int64_t kMaxGrowth = 1 << 20;
// What the compiler is willing to compute in order to see whether all elements are equal.
constexpr int64_t kMaxTrial = 64 << 20;

int64_t bytes_of(const std::vector<Value*>& values) {
  int64_t sum = 0;
  for (const Value* v : values)
    if (!checked_add(sum, v->type.bytes(), &sum)) return INT64_MAX;
  return sum;
}

class Folder {
 public:
  explicit Folder(Graph& graph) : graph_(graph), consumers_(consumers_of(graph)) {}

  bool run() {
    bool changed = false;
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end();) {
      auto next = std::next(it);
      if (is_constant(**it) && fold(it)) {
        removed_.splice(removed_.end(), graph_.nodes, it);
        changed = true;
      }
      it = next;
    }
    for (const auto& node : removed_)
      for (Value* r : node->results) r->producer = nullptr;
    return changed;
  }

 private:
  static bool is_constant(const Node& node) {
    if (node.op == "etc::view" || node.is_external() || node.results.empty() || !find_kernel_op(node.op) || has_symbols(node)) return false;
    bool constant = true;
    for_each_operand(node, [&](Value* v) { constant = constant && root_of(v)->kind == Value::Kind::Constant; });
    return constant;
  }

  // True when no use of the node's results is left.
  bool fold(Graph::NodeList::iterator at) {
    Node& node = **at;
    std::vector<Value*> operands;
    for_each_operand(node, [&](Value* v) { operands.push_back(v); });
    const int64_t result_bytes = bytes_of(node.results), operand_bytes = bytes_of(operands);
    const bool small = result_bytes <= kMaxGrowth || result_bytes - kMaxGrowth <= operand_bytes;
    if (!small && result_bytes > kMaxTrial) return false;

    Environment env;
    try {
      run_node(node, env);
    } catch (const CompileError&) {
      return false;  // an index out of range, say: the program reports it when it runs, as PyTorch does
    }
    auto can_expand = [&](Value* r) { return is_uniform(env.at(r), r) && uses_take_expanded(r); };
    if (!small && !std::all_of(node.results.begin(), node.results.end(), can_expand)) return false;
    for (Value* r : node.results) {
      if (r->type.numel() > 1 && can_expand(r)) {
        replace_by_element(at, r, env.at(r));
      } else {
        graph_.replace_uses({{r, add_constant(r, r->type, env.at(r))}});
      }
    }
    return true;
  }

  static bool is_uniform(const ConstantData& data, const Value* v) {
    const size_t width = size_in_bytes(v->type.dtype);
    return data.bytes > 0 && std::memcmp(data.data, data.data + width, data.bytes - width) == 0;
  }
  static TensorType expanded(const TensorType& type) { return TensorType(type.dtype, type.sizes, Sizes(type.sizes.size(), SymInt(0))); }

  // Whether every use of `v`, and of the views of it, has a kernel when all elements of `v` lie in one place.
  bool uses_take_expanded(Value* v) {
    for (const Output& o : graph_.outputs)
      if (root_of(o.value) == v) return false;
    auto type_of = [&](const Value* operand) {
      return root_of(const_cast<Value*>(operand)) == v ? expanded(operand->type) : operand->type;
    };
    auto all_take = [&](const std::vector<Node*>& users) {
      return std::all_of(users.begin(), users.end(), [&](const Node* user) { return user->op == "etc::view" || takes(*user, type_of); });
    };
    if (!all_take(consumers_[v])) return false;
    for (const Node* user : consumers_[v])
      if (user->op == "etc::view" && !all_take(consumers_[user->results[0]])) return false;
    return true;
  }

  void replace_by_element(Graph::NodeList::iterator at, Value* v, const ConstantData& data) {
    Value* element = add_constant(v, TensorType(v->type.dtype, {}), ConstantData::copy_of(data.data, size_in_bytes(v->type.dtype)));
    std::vector<Argument> window = {element, v->type.sizes, Sizes(v->type.sizes.size(), SymInt(0)), int64_t{0}};
    Node* view = graph_.insert_node(at, "etc::view", std::move(window), {expanded(v->type)}, (*at)->source, v->name);
    if (!replace_root(graph_, v, view->results[0])) throw InternalError("no window on equal elements");
  }

  Value* add_constant(const Value* v, TensorType type, ConstantData data) {
    const size_t before = graph_.values().size();
    Value* c = graph_.add_constant(v->name, std::move(type), std::move(data));
    if (graph_.values().size() != before) c->label.clear();  // it has no name in the model
    return c;
  }

  Graph& graph_;
  std::unordered_map<const Value*, std::vector<Node*>> consumers_;
  Graph::NodeList removed_;  // folded; consumers_ and views of their results still name them while the pass runs
};

}  // namespace

extern const Pass fold_constants;
constinit const Pass fold_constants = {"fold-constants", "compute what depends on constants alone",
                                       [](Graph& graph) { return Folder(graph).run(); }};

}  // namespace etc::compile::passes
