// Inlining renames: a region's names are its own, so they get the calling node's name in front.
#include "import/flatten.h"

#include "import/targets.h"

namespace etc::compile {
namespace {

using exported::Argument;
using exported::Graph;
using exported::Node;
using exported::Tensor;

using Names = std::map<std::string, std::string>;

// Renames every reference in an argument.
class Renamer {
 public:
  Renamer(const Names& names, const std::string& prefix) : names_(names), prefix_(prefix) {}
  void operator()(Argument& a) const { std::visit(*this, a.value); }
  void operator()(Tensor& t) const { rename(t.name); }
  void operator()(exported::SymIntName& n) const { rename(n.name); }
  void operator()(exported::SymFloatName& n) const { rename(n.name); }
  void operator()(exported::SymBoolName& n) const { rename(n.name); }
  void operator()(std::vector<std::optional<Tensor>>& list) const {
    for (std::optional<Tensor>& t : list)
      if (t) rename(t->name);
  }
  void operator()(std::vector<Tensor>& list) const { each(list); }
  void operator()(std::vector<std::vector<Tensor>>& list) const { each(list); }
  void operator()(std::vector<exported::SymIntItem>& list) const { visit_each(list); }
  void operator()(std::vector<exported::SymFloatItem>& list) const { visit_each(list); }
  void operator()(std::vector<exported::SymBoolItem>& list) const { visit_each(list); }
  template <class T>
  void operator()(T&) const {}  // constants

 private:
  template <class T>
  void each(std::vector<T>& list) const {
    for (T& t : list) (*this)(t);
  }
  template <class T>
  void visit_each(std::vector<T>& list) const {
    for (T& t : list) std::visit(*this, t);
  }
  void rename(std::string& name) const {
    auto it = names_.find(name);
    name = it == names_.end() ? prefix_ + name : it->second;
  }
  const Names& names_;
  const std::string& prefix_;
};

class Flattener {
 public:
  explicit Flattener(Graph& out) : out_(out) {}

  // Appends the nodes of `graph`; its names get `prefix`, but for those in `names`.
  void append(const Graph& graph, const std::string& prefix, const Names& names) {
    const Renamer rename(names, prefix);
    for (const auto& [name, meta] : graph.tensors)
      if (!names.count(name)) out_.tensors.emplace(prefix + name, meta);
    for (const auto& [name, n] : graph.sym_ints) out_.sym_ints.emplace(prefix + name, n);
    for (const auto& [name, n] : graph.sym_floats) out_.sym_floats.emplace(prefix + name, n);
    for (const auto& [name, n] : graph.sym_bools) out_.sym_bools.emplace(prefix + name, n);
    for (Node node : graph.nodes) {
      node.name = prefix + node.name;
      for (exported::NamedArgument& a : node.inputs) rename(a.argument);
      for (Argument& a : node.outputs) rename(a);
      add(std::move(node));
    }
  }

 private:
  void add(Node node) {
    if (node.target == "torch.ops.higher_order.wrap_with_set_grad_enabled") {
      inline_region(node);
    } else if (node.target == "torch.ops.higher_order.with_effects") {
      drop_token(std::move(node));
    } else if (node.target.compare(0, 23, "torch.ops.higher_order.") == 0) {
      throw CompileError(place_of(node) + ": " + node.target.substr(10) +
                         " is not supported yet; write the model without control flow operators");
    } else {
      out_.nodes.push_back(std::move(node));
    }
  }

  // (enabled, region, operands…): the operands become the region's inputs.
  void inline_region(const Node& node) {
    const exported::Subgraph* region = node.inputs.size() >= 2 ? node.inputs[1].argument.as<exported::Subgraph>() : nullptr;
    const bool well_formed = region && region->graph && region->graph->inputs.size() + 2 == node.inputs.size() &&
                             region->graph->outputs.size() == node.outputs.size();
    if (!well_formed) throw CompileError(place_of(node) + ": the region of wrap_with_set_grad_enabled is malformed");
    Names names;
    for (size_t i = 0; i < region->graph->inputs.size(); ++i) {
      const Argument &inner = region->graph->inputs[i], &outer = node.inputs[i + 2].argument;
      if (auto* t = inner.as<Tensor>(); t && outer.is<Tensor>()) {
        names[t->name] = outer.as<Tensor>()->name;
      } else if (auto* n = inner.as<exported::SymIntName>(); n && outer.is<exported::SymIntName>()) {
        names[n->name] = outer.as<exported::SymIntName>()->name;
      } else {
        throw CompileError(place_of(node) + ": an operand of wrap_with_set_grad_enabled is no tensor; this is not supported yet");
      }
    }
    const std::string prefix = node.name + "/";
    append(*region->graph, prefix, names);
    const Renamer rename(names, prefix);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      Argument inner = region->graph->outputs[i];
      rename(inner);
      if (node.outputs[i].is<None>()) continue;
      if (!inner.is<Tensor>() || !node.outputs[i].is<Tensor>())
        throw CompileError(place_of(node) + ": a result of wrap_with_set_grad_enabled is no tensor; this is not supported yet");
      Node alias;
      alias.name = node.outputs[i].as<Tensor>()->name;
      alias.target = "torch.ops.aten.alias.default";
      alias.inputs.push_back({"self", std::move(inner), false});
      alias.outputs.push_back(node.outputs[i]);
      alias.source = node.source;
      out_.nodes.push_back(std::move(alias));
    }
  }

  // (token, op, arguments…) → (token, results…): the order of nodes says what the token says.
  void drop_token(Node node) {
    const exported::Operator* op = node.inputs.size() >= 2 ? node.inputs[1].argument.as<exported::Operator>() : nullptr;
    if (!op || node.outputs.empty()) throw CompileError(place_of(node) + ": with_effects is malformed");
    node.target = op->name;
    node.inputs.erase(node.inputs.begin(), node.inputs.begin() + 2);
    node.outputs.erase(node.outputs.begin());
    add(std::move(node));
  }

  Graph& out_;
};

}  // namespace

exported::Graph flatten(const exported::Graph& graph) {
  exported::Graph out;
  out.inputs = graph.inputs;
  out.outputs = graph.outputs;
  Flattener(out).append(graph, "", {});
  return out;
}

}  // namespace etc::compile
