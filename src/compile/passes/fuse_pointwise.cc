// Elementwise ops of f32, and masks of them, that feed each other become one etc::pointwise, which reads and writes memory once.
//
// A group ends in one node, the root, where the fused op stands afterwards. Upwards it takes in what has the root's sizes and is used
// inside alone. An operand that would have died before the root now lives until then: a node may keep alive one in the place of its own
// result, more only when nothing else runs in between.
#include <algorithm>
#include <queue>
#include <unordered_set>

#include "ir/one_op.h"
#include "passes/pass.h"
#include "passes/pointwise_program.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

constexpr size_t kMostMembers = 4000;
constexpr int64_t kWorthIt = 1024;  // elements: of fewer, an op by itself is done sooner by its own kernel

// Whether `sizes` broadcast to `to` whatever the symbols are.
bool broadcasts(const Sizes& sizes, const Sizes& to) {
  if (sizes.size() > to.size()) return false;
  const size_t outer = to.size() - sizes.size();
  for (size_t d = 0; d < sizes.size(); ++d)
    if (sizes[d] != to[outer + d] && sizes[d] != 1) return false;
  return true;
}

// Whether these broadcast to all of `sizes`: a constant that became a number may have been the only one to have them.
bool span(const Values& inputs, const Sizes& sizes) {
  const auto rank = [](const Value* v) { return v->type.sizes.size(); };
  for (size_t d = 0; d < sizes.size(); ++d)
    if (std::none_of(inputs.begin(), inputs.end(),
                     [&](const Value* v) { return d + rank(v) >= sizes.size() && v->type.sizes[d + rank(v) - sizes.size()] == sizes[d]; }))
      return false;
  return true;
}

bool is_candidate(const Node& node) {
  if (!has_instructions(node)) return false;
  bool fits = true;
  for_each_operand(node, [&](const Value* v) { fits = fits && broadcasts(v->type.sizes, node.results[0]->type.sizes); });
  return fits;
}

class Fuser {
 public:
  explicit Fuser(Graph& graph) : graph_(graph), consumers_(consumers_of(graph)) {
    for (const Output& o : graph.outputs) {
      outputs_.insert(root_of(o.value)), outputs_.insert(o.value);
      if (o.target) changed_.insert(o.target);
    }
    for (const auto& node : graph.nodes) {
      position_[node.get()] = nodes_.size();
      nodes_.push_back(node.get());
    }
  }

  bool run() {
    if (!find_kernel_op("etc::pointwise")) return false;
    bool changed = false;
    for (auto it = nodes_.rbegin(); it != nodes_.rend(); ++it)
      if (!taken_.count(*it) && is_candidate(**it) && is_f32((*it)->results[0])) changed |= fuse(**it);
    graph_.nodes.remove_if([&](const auto& node) { return removed_.count(node.get()) != 0; });
    return changed;
  }

 private:
  using Members = std::unordered_set<const Node*>;

  bool fuse(Node& root) {
    std::vector<Node*> group = grow(root);
    while (group.size() > 1 || (group.size() == 1 && root.results[0]->type.numel().upper() >= kWorthIt)) {
      const Members members(group.begin(), group.end());
      const std::optional<PointwiseProgram> program = write_program(root, members, [&](const Value* v) { return dies(v, root); });
      if (program && span(program->inputs, root.results[0]->type.sizes)) {
        replace(root, group, *program);
        return true;
      }
      group.resize(group.size() - (group.size() + 7) / 8);  // without the first nodes, which make groups of their own
    }
    return false;
  }

  // The root, and what goes into it, in the order from last to first.
  std::vector<Node*> grow(Node& root) {
    std::vector<Node*> group = {&root};
    Members members = {&root}, seen = {&root};
    std::priority_queue<size_t> next;
    const auto look_at_operands = [&](const Node& node) {
      for_each_operand(node, [&](const Value* v) {
        if (v->producer && seen.insert(v->producer).second) next.push(position_.at(v->producer));
      });
    };
    look_at_operands(root);
    while (!next.empty() && group.size() < kMostMembers) {
      Node& node = *nodes_[next.top()];
      next.pop();
      if (!joins(node, root, members)) continue;
      group.push_back(&node);
      members.insert(&node);
      look_at_operands(node);
    }
    return group;
  }

  // All that may use the node has been looked at before.
  bool joins(const Node& node, const Node& root, const Members& members) const {
    if (taken_.count(&node) || !is_candidate(node)) return false;
    const Value* result = node.results[0];
    if (result->type.sizes != root.results[0]->type.sizes || outputs_.count(result)) return false;
    for (const Node* user : consumers_.at(result))
      if (!members.count(user)) return false;
    return kept_alive(node, root, members) <= 1 || is_next_to(node, root, members);
  }

  // How many operands as large as the result would otherwise die before the root. What the model changes counts for many: its new value
  // could no longer be made where the old one lies.
  size_t kept_alive(const Node& node, const Node& root, const Members& members) const {
    std::unordered_set<const Value*> kept;
    bool keeps_changed = false;
    for_each_operand(node, [&](Value* v) {
      const Value* whole = root_of(v);
      if (whole->kind == Value::Kind::Constant || lives_beyond(whole, root, members)) return;
      if (v->type.sizes == node.results[0]->type.sizes) kept.insert(whole);
      keeps_changed = keeps_changed || changed_.count(whole) != 0;
    });
    return keeps_changed ? SIZE_MAX : kept.size();
  }
  // Whether something at or behind the root uses it anyway.
  bool lives_beyond(const Value* whole, const Node& root, const Members& members) const {
    if (outputs_.count(whole)) return true;
    const auto users = consumers_.find(whole);
    return users != consumers_.end() && std::any_of(users->second.rbegin(), users->second.rend(), [&](const Node* user) {
             return user->op == "etc::view" ? lives_beyond(user->results[0], root, members)
                                            : members.count(user) || position_.at(user) > position_.at(&root);
           });
  }
  bool is_next_to(const Node& node, const Node& root, const Members& members) const {
    for (size_t i = position_.at(&node) + 1; i < position_.at(&root); ++i)
      if (nodes_[i]->op != "etc::view" && !members.count(nodes_[i]) && !removed_.count(nodes_[i])) return false;
    return true;
  }

  // Whether a value ends with the root and the result may take its place.
  bool dies(const Value* v, const Node& root) const {
    if (v->type != root.results[0]->type || v->kind != Value::Kind::Result || is_view(v) || outputs_.count(v)) return false;
    const auto& users = consumers_.at(v);
    return std::all_of(users.begin(), users.end(), [&](const Node* user) { return position_.at(user) <= position_.at(&root); });
  }

  void replace(Node& root, const std::vector<Node*>& group, const PointwiseProgram& program) {
    root.op = "etc::pointwise";
    root.args = {program.inputs[0], Values(program.inputs.begin() + 1, program.inputs.end()), program.numbers, program.instructions};
    for (Node* node : group) {
      taken_.insert(node);
      if (node == &root) continue;
      for (Value* v : node->results) v->producer = nullptr;
      position_[node] = position_[&root];
      removed_.insert(node);
    }
  }

  Graph& graph_;
  std::unordered_map<const Value*, std::vector<Node*>> consumers_;
  std::unordered_set<const Value*> outputs_;  // and their roots
  std::unordered_set<const Value*> changed_;  // inputs and states
  std::vector<Node*> nodes_;                  // in order
  std::unordered_map<const Node*, size_t> position_;
  Members taken_, removed_;
};

}  // namespace

extern const Pass fuse_pointwise;
constinit const Pass fuse_pointwise = {"fuse-pointwise", "elementwise ops that feed each other into one",
                                       [](Graph& graph) { return Fuser(graph).run(); }, true, true};

}  // namespace etc::compile::passes
