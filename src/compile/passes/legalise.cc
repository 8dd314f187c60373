// The last lowering: afterwards every node is a view, external, or has a kernel for its operands as they lie. Inserts copies of what
// lies otherwise than a kernel takes it; reports what has no kernel at all.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "ir/error.h"
#include "ir/views.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

class Legaliser {
 public:
  explicit Legaliser(Graph& graph) : graph_(graph) {}

  bool run() {
    materialise_windows();
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end(); ++it)
      if ((*it)->op != "etc::view" && !is_eval_op(**it)) legalise(it);
    report();
    return changed_;
  }

 private:
  // A view's offset is a part of the program: where it is known only when the program runs, the window is copied.
  void materialise_windows() {
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end(); ++it) {
      if ((*it)->op == "etc::view") continue;
      for_each_operand(**it, [&](Value*& v) { v = fixed_place(v, it); });
    }
    for (Output& o : graph_.outputs) o.value = fixed_place(o.value, graph_.nodes.end());
  }

  Value* fixed_place(Value* v, Graph::NodeList::iterator where) {
    const SymInt offset = view_offset(v);
    if (offset.is_fixed()) return v;
    Value*& copy = windows_[v];
    if (copy) return copy;
    changed_ = true;
    Value* root = root_of(v);
    const std::shared_ptr<const Source> source = v->producer->source;
    copy = graph_.insert_node(where, "etc::window", {root, v->type.sizes, v->type.strides, offset}, {TensorType(root->type.dtype, v->type.sizes)},
                              source, v->name + "_part")->results[0];
    if (root->type.dtype != v->type.dtype) {
      const TensorType type = contiguous(v->type);
      copy = graph_.insert_node(where, "etc::view", {copy, type.sizes, type.strides, int64_t{0}}, {type}, source, v->name)->results[0];
    }
    return copy;
  }

  static TensorType contiguous(const TensorType& type) { return TensorType(type.dtype, type.sizes); }

  Value* copy_of(Value* v, Graph::NodeList::iterator where, std::shared_ptr<const Source> source) {
    changed_ = true;
    return graph_.insert_node(where, "etc::copy", {v}, {contiguous(v->type)}, std::move(source), v->name + "_copy")->results[0];
  }

  void legalise(Graph::NodeList::iterator at) {
    Node& node = **at;
    std::unordered_set<const Value*> dense;  // what is to be copied
    auto type_of = [&](const Value* v) { return dense.count(v) ? contiguous(v->type) : v->type; };
    if (takes(node, type_of)) return;
    std::vector<Value*> strided;
    for_each_operand(node, [&](Value* v) {
      if (!v->type.is_contiguous() && std::find(strided.begin(), strided.end(), v) == strided.end()) strided.push_back(v);
    });
    // One copy if one is enough, else as many as it takes, the first operands first.
    bool ok = false;
    for (size_t i = 0; i < strided.size() && !ok; ++i) {
      dense = {strided[i]};
      ok = takes(node, type_of);
    }
    if (!ok) dense.clear();
    for (size_t i = 0; i < strided.size() && !ok; ++i) {
      dense.insert(strided[i]);
      ok = takes(node, type_of);
    }
    if (!ok) {
      missing_.push_back(&node);
      return;
    }
    for_each_operand(node, [&](Value*& v) {
      if (!dense.count(v)) return;
      Value*& copy = copies_[v];  // later nodes use it too
      if (!copy) copy = copy_of(v, at, node.source);
      v = copy;
    });
  }

  void report() const {
    if (missing_.empty()) return;
    std::unordered_set<std::string> lines;
    std::string message;
    for (const Node* node : missing_) {
      std::string line = node->op + "(";
      bool first = true;
      for_each_operand(*node, [&](const Value* v) { line += (std::exchange(first, false) ? "" : ", ") + to_string(v->type); });
      line += ")";
      if (const Source* s = node->source.get(); s && s->line) line += " at " + s->file + ":" + std::to_string(s->line);
      if (lines.insert(line).second) message += (message.empty() ? "" : "\n  ") + line;
    }
    throw CompileError((lines.size() == 1 ? "" : std::to_string(lines.size()) + " ops have no kernel for their dtypes:\n  ") + message +
                       (lines.size() == 1 ? " has no kernel for these dtypes; change the model's dtype there" : ""));
  }

  Graph& graph_;
  bool changed_ = false;
  std::unordered_map<Value*, Value*> copies_, windows_;
  std::vector<const Node*> missing_;
};

}  // namespace

extern const Pass legalise;
constinit const Pass legalise = {"legalise", "copy what lies otherwise than a kernel takes it",
                                 [](Graph& graph) { return Legaliser(graph).run(); }, false};

}  // namespace etc::compile::passes
