// Inlining renames: a region's names are its own, so they get the calling node's name in front.
#include "import/flatten.h"

#include <string_view>

#include "import/targets.h"

namespace etc::compile {
namespace {

using exported::Argument;
using exported::Graph;
using exported::Node;
using exported::Tensor;

using Names = std::map<std::string, std::string>;

const char* const kDecompose = "torch.export.export(…).run_decompositions()";

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
  void append(const Graph& graph, const std::string& prefix, const Names& names, bool autocast) {
    const Renamer rename(names, prefix);
    for (const auto& [name, meta] : graph.tensors)
      if (!names.count(name)) out_.tensors.emplace(prefix + name, meta);
    for (const auto& [name, n] : graph.sym_ints) out_.sym_ints.emplace(prefix + name, n);
    for (const auto& [name, n] : graph.sym_floats) out_.sym_floats.emplace(prefix + name, n);
    for (const auto& [name, n] : graph.sym_bools) out_.sym_bools.emplace(prefix + name, n);
    for (Node node : graph.nodes) {
      node.name = prefix + node.name;
      node.autocast = autocast;
      for (exported::NamedArgument& a : node.inputs) rename(a.argument);
      for (Argument& a : node.outputs) rename(a);
      add(std::move(node));
    }
  }

 private:
  void add(Node node) {
    constexpr std::string_view kHigherOrder = "torch.ops.higher_order.";
    const std::string& target = node.target;
    if (target.compare(0, kHigherOrder.size(), kHigherOrder) != 0) {
      refuse_vmap(node);
      out_.nodes.push_back(std::move(node));
      return;
    }
    const std::string op = target.substr(kHigherOrder.size());
    if (op == "wrap_with_set_grad_enabled" || op == "wrap_with_autocast" || op == "invoke_subgraph") {
      inline_region(node);
    } else if (op == "with_effects") {
      drop_token(std::move(node));
    } else if (op == "cond" || op == "while_loop" || op == "map_impl" || op == "scan" || op == "auto_functionalized_v2") {
      out_.nodes.push_back(std::move(node));
    } else {
      throw CompileError(place_of(node) + ": higher_order." + op + " is not supported; write the model without it, or try " + kDecompose);
    }
  }

  // torch.vmap and associative_scan leave marks around what they vectorise; only PyTorch can resolve them.
  static void refuse_vmap(const Node& node) {
    if (node.target.find("_functorch.predispatch.") == std::string::npos) return;
    throw CompileError(place_of(node) + ": " + node.target.substr(node.target.rfind('.') + 1) +
                       " marks a vmap or associative_scan that is not resolved; use " + kDecompose);
  }

  // Whether the nodes of a region run under autocast.
  static bool is_autocast(const Node& node) {
    if (node.target != "torch.ops.higher_order.wrap_with_autocast") return node.autocast;
    const bool* enabled = node.inputs.size() > 2 ? node.inputs[2].argument.as<bool>() : nullptr;
    return enabled && *enabled;
  }

  // (settings…, region, operands…): the operands become the region's inputs.
  void inline_region(const Node& node) {
    const exported::Subgraph* region = nullptr;
    std::vector<const Argument*> operands;
    for (const exported::NamedArgument& a : node.inputs) {
      if (auto* graph = a.argument.as<exported::Subgraph>())
        region = graph;
      else if (region && !a.argument.is<std::string>())  // invoke_subgraph names the region
        operands.push_back(&a.argument);
    }
    const std::string op = node.target.substr(node.target.rfind('.') + 1);
    const bool well_formed =
        region && region->graph && region->graph->inputs.size() == operands.size() && region->graph->outputs.size() == node.outputs.size();
    if (!well_formed) throw CompileError(place_of(node) + ": the region of " + op + " is malformed");
    Names names;
    for (size_t i = 0; i < region->graph->inputs.size(); ++i) {
      const Argument &inner = region->graph->inputs[i], &outer = *operands[i];
      if (auto* t = inner.as<Tensor>(); t && outer.is<Tensor>()) {
        names[t->name] = outer.as<Tensor>()->name;
      } else if (auto* n = inner.as<exported::SymIntName>(); n && outer.is<exported::SymIntName>()) {
        names[n->name] = outer.as<exported::SymIntName>()->name;
      } else {
        throw CompileError(place_of(node) + ": an operand of " + op + " is no tensor; this is not supported yet");
      }
    }
    const std::string prefix = node.name + "/";
    append(*region->graph, prefix, names, is_autocast(node));
    const Renamer rename(names, prefix);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      Argument inner = region->graph->outputs[i];
      rename(inner);
      if (node.outputs[i].is<None>()) continue;
      if (!inner.is<Tensor>() || !node.outputs[i].is<Tensor>())
        throw CompileError(place_of(node) + ": a result of " + op + " is no tensor; this is not supported yet");
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

exported::Graph flatten(const exported::Graph& graph, bool autocast) {
  exported::Graph out;
  out.inputs = graph.inputs;
  out.outputs = graph.outputs;
  Flattener(out).append(graph, "", {}, autocast);
  return out;
}

}  // namespace etc::compile
