// Computes equal things once: nodes with the same op and arguments become one.
#include <cstring>
#include <string>

#include "ir/flow.h"
#include "ir/one_op.h"
#include "passes/pass.h"

namespace etc::compile::passes {
namespace {

// Equal keys mean equal nodes. Every part ends in a mark that it cannot contain.
class Key {
 public:
  explicit Key(const Node& node) : text_(node.op) {
    for (const Argument& a : node.args) {
      text_ += '|' + std::to_string(a.index()) + ':';
      std::visit(*this, a);
    }
    for (const Value* r : node.results) text_ += '>' + std::to_string(static_cast<int>(r->type.dtype));
  }
  std::string take() { return std::move(text_); }

  void operator()(None) { text_ += '-'; }
  void operator()(const Value* v) { text_ += v ? std::to_string(v->id) + ',' : "-,"; }
  void operator()(bool b) { text_ += b ? "1," : "0,"; }
  void operator()(int64_t n) { text_ += std::to_string(n) + ','; }
  void operator()(double d) {
    uint64_t bits;
    std::memcpy(&bits, &d, sizeof bits);
    text_ += std::to_string(bits) + ',';
  }
  void operator()(const SymInt& n) { text_ += to_string(n) + ','; }
  void operator()(const SymReal& r) { text_ += to_string(r) + ','; }
  void operator()(const std::string& s) { text_ += std::to_string(s.size()) + '\'' + s; }
  void operator()(const Sizes& list) {
    text_ += std::to_string(list.size()) + '[';
    for (const SymInt& n : list) (*this)(n);
  }
  template <class T>
  void operator()(const std::vector<T>& list) {
    text_ += std::to_string(list.size()) + '[';
    for (const auto& element : list) (*this)(element);
  }

 private:
  std::string text_;
};

bool binds_symbols(const Node& node) {
  const Op* op = find_kernel_op(node.op);
  return is_eval_op(node) || (op && op->sizes_from_data);
}

bool run(Graph& graph) {
  std::unordered_map<std::string, Node*> first;
  std::unordered_map<Value*, Value*> replaced;
  for (const auto& node : graph.nodes) {
    for_each_operand(*node, [&](Value*& v) {
      if (auto it = replaced.find(v); it != replaced.end()) v = it->second;
    });
    if (node->is_external() || has_bodies(*node) || binds_symbols(*node)) continue;
    const auto [it, is_new] = first.emplace(Key(*node).take(), node.get());
    if (is_new) continue;
    for (size_t i = 0; i < node->results.size(); ++i) replaced[node->results[i]] = it->second->results[i];
  }
  graph.replace_uses(replaced);
  return !replaced.empty();
}

}  // namespace

extern const Pass merge_common;
constinit const Pass merge_common = {"merge-common", "compute equal things once", run};

}  // namespace etc::compile::passes
