// Subgraphs for backends; see partition.h.
#include "partition/partition.h"

#include <algorithm>
#include <unordered_set>

#include "ir/error.h"
#include "partition/groups.h"

namespace etc::compile {
namespace {

class Partitioner {
 public:
  Partitioner(Graph& graph, const std::vector<const Backend*>& backends, PartitionReport* report)
      : graph_(graph), backends_(backends), report_(report), uses_(graph.use_counts()) {
    for (const auto& node : graph.nodes) nodes_.push_back(node.get());
  }

  bool run() {
    std::vector<int> owner;
    for (const Node* node : nodes_) owner.push_back(owner_of(*node));
    std::vector<std::vector<size_t>> groups;
    for (auto& group : find_groups(nodes_, owner)) {
      const Backend& backend = *backends_[static_cast<size_t>(owner[group[0]])];
      const std::string reason = backend.refusal_of_subgraph ? backend.refusal_of_subgraph(subgraph_of(group)) : "";
      if (reason.empty()) {
        groups.push_back(std::move(group));
        group_backends_.push_back(&backend);
      } else {
        for (size_t n : group) refuse(*nodes_[n], backend, reason);
      }
    }
    if (!groups.empty()) replace(groups);
    return !groups.empty();
  }

 private:
  static bool has_varying_numbers(const Node& node) {
    bool found = false;
    for (const Argument& a : node.args) for_each_symbol(a, [&](const SymbolRef&) { found = true; });
    return found;
  }

  std::string refusal_of(const Node& node, const Backend& backend) const {
    if (node.is_external()) return "an op that only the runtime knows";
    if (has_symbols(node) && !backend.takes_dynamic_sizes) return "sizes that vary from run to run";
    if (has_varying_numbers(node)) return "numbers that vary from run to run";
    return backend.refusal(node, uses_);
  }

  // The first backend that takes the node, or -1 and a line in the report for each.
  int owner_of(const Node& node) {
    if (is_eval_op(node)) return -1;
    std::vector<std::string> reasons;
    for (const Backend* b : backends_) {
      reasons.push_back(refusal_of(node, *b));
      if (reasons.back().empty()) return static_cast<int>(reasons.size() - 1);
    }
    if (node.op != "etc::view")  // they are no work
      for (size_t b = 0; b < reasons.size(); ++b) refuse(node, *backends_[b], reasons[b]);
    return -1;
  }

  void refuse(const Node& node, const Backend& backend, const std::string& reason) {
    const std::string name = node.results.empty() ? "" : node.results[0]->name;
    report_->refusals.push_back({graph_.name, name, node.op, backend.name, reason, node.source});
  }

  Subgraph subgraph_of(const std::vector<size_t>& group) const {
    Subgraph s;
    std::unordered_map<const Value*, int> inside;  // uses by the group's own nodes
    std::unordered_set<const Value*> made, taken;
    for (size_t n : group) {
      s.nodes.push_back(nodes_[n]);
      for (const Value* r : nodes_[n]->results) made.insert(r);
      for_each_operand(*nodes_[n], [&](Value* v) {
        ++inside[v];
        if (made.count(v) || !taken.insert(v).second) return;
        (v->kind == Value::Kind::Constant ? s.constants : s.inputs).push_back(v);
      });
    }
    for (const Node* node : s.nodes)
      for (Value* r : node->results) {
        const auto all = uses_.find(r);
        if (all != uses_.end() && all->second > inside[r]) s.outputs.push_back(r);
      }
    return s;
  }

  std::unique_ptr<Node> call_of(const Subgraph& s, const Backend& backend) {
    Lowered lowered = backend.lower(s, uses_);
    auto call = std::make_unique<Node>();
    call->op = std::string("delegate::") + backend.name;
    call->external = true;
    for (Value* v : s.inputs) call->args.emplace_back(v);
    for (Value* v : lowered.constants) call->args.emplace_back(v);
    call->results = s.outputs;
    const auto located = std::find_if(s.nodes.begin(), s.nodes.end(), [](const Node* n) { return n->source != nullptr; });
    if (located != s.nodes.end()) call->source = (*located)->source;
    call->delegate = std::make_shared<Delegate>(Delegate{backend.name, ConstantData::copy_of(lowered.blob.data(), lowered.blob.size()),
                                                         lowered.workspace_bytes, lowered.instance_bytes});
    report_->delegates.push_back(
        {graph_.name, backend.name, s.nodes.size(), lowered.blob.size(), lowered.workspace_bytes, lowered.instance_bytes});
    return call;
  }

  void replace(const std::vector<std::vector<size_t>>& groups) {
    std::unordered_map<size_t, size_t> group_of;
    for (size_t g = 0; g < groups.size(); ++g)
      for (size_t n : groups[g]) group_of[n] = g;
    std::vector<Subgraph> subgraphs;
    std::vector<std::unique_ptr<Node>> calls;
    for (size_t g = 0; g < groups.size(); ++g) {
      subgraphs.push_back(subgraph_of(groups[g]));
      calls.push_back(call_of(subgraphs[g], *group_backends_[g]));
    }
    std::vector<std::unique_ptr<Node>> all;
    for (auto& node : graph_.nodes) all.push_back(std::move(node));
    graph_.nodes.clear();
    for (size_t n : order_by_group(nodes_, groups)) {
      const auto in = group_of.find(n);
      if (in == group_of.end()) {
        graph_.nodes.push_back(std::move(all[n]));
      } else {
        for (Value* r : all[n]->results) r->producer = nullptr;
        if (n == groups[in->second].back()) graph_.nodes.push_back(std::move(calls[in->second]));
      }
    }
    for (const auto& node : graph_.nodes)
      for (Value* r : node->results) r->producer = node.get();
  }

  Graph& graph_;
  const std::vector<const Backend*>& backends_;
  PartitionReport* report_;
  Uses uses_;
  std::vector<const Node*> nodes_;
  std::vector<const Backend*> group_backends_;
};

}  // namespace

bool partition(Graph& graph, const std::vector<const Backend*>& backends, PartitionReport* report) {
  return !backends.empty() && Partitioner(graph, backends, report).run();
}

}  // namespace etc::compile
