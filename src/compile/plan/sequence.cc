// Steps and copies of a method; see sequence.h.
#include "plan/sequence.h"

#include <algorithm>
#include <map>

#include "ir/error.h"
#include "ir/flow.h"
#include "ir/one_op.h"

namespace etc::compile {

bool covers_root(const Value* v) {
  const Value* root = root_of(const_cast<Value*>(v));
  return view_offset(v) == 0 && v->type.is_contiguous() &&
         v->type.numel() * size_in_bytes(v->type.dtype) == root->type.numel() * size_in_bytes(root->type.dtype);
}

bool decides_sizes(const Node& node) {
  if (node.is_external()) {
    bool found = false;
    for_each_made_symbol(node, [&](const SymbolRef&) { found = true; });
    return found;
  }
  const Op* op = find_kernel_op(node.op);
  return op && op->sizes_from_data;
}

namespace {

const Value* root(const Value* v) { return root_of(const_cast<Value*>(v)); }

class Sequencer {
 public:
  Sequencer(const FlatGraph& flat, const std::set<const Value*>& copied) : graph_(*flat.graph) {
    const Graph& graph = graph_;
    out_.swapped = flat.swapped;
    for (const Output& o : graph.outputs)
      if (o.kind != Output::Kind::User && o.value != o.target) add_mutation(o, copied.count(o.target) > 0);
    if (uses_symbols(graph)) begin_eval();
    for (const auto& node : graph.nodes)
      if (node->op != "etc::view") add_step(*node);
    find_uses(steps_);
  }

  Sequence run() {
    add_outputs();
    merge_copies();
    add_moves();
    out_.steps = std::move(steps_);
    find_uses(out_.steps);
    out_.definition = std::move(definition_);
    out_.last_use = std::move(last_use_);
    const int64_t end = static_cast<int64_t>(out_.steps.size());
    for (const Value* v : out_.outputs) out_.last_use[root(v)] = end;
    for (const Sequence::Update& u : out_.updates) out_.last_use[root(u.value)] = end;
    return std::move(out_);
  }

 private:
  struct Move {
    const Value* target;
    const Value* source;
  };

  static bool uses_symbols(const Graph& graph) {
    return std::any_of(graph.inputs.begin(), graph.inputs.end(), [](const Value* v) { return !v->type.is_fixed(); }) ||
           std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const auto& node) { return is_eval_op(*node); });
  }

  void begin_eval() {
    Node& node = out_.made_nodes.emplace_back();
    node.op = "etc::eval";
    out_.evals[&node] = {};
    steps_.push_back(&node);
  }

  // Eval ops behind one another are one step.
  void add_step(const Node& node) {
    if (!is_eval_op(node) && node.op != "etc::sizes") {
      steps_.push_back(&node);
      if (decides_sizes(node) && node.op != "etc::settle") begin_eval();  // the sizes of branches are known where they meet
      return;
    }
    if (steps_.back()->op != "etc::eval") begin_eval();
    Node& eval = out_.made_nodes.back();
    out_.evals[&eval].push_back(&node);
    if (auto* v = std::get_if<Value*>(&node.args[0])) eval.args.push_back(*v);
    if (!eval.source) eval.source = node.source;
  }

  void add_mutation(const Output& o, bool is_copied) {
    if (o.value->type.dtype != o.target->type.dtype || o.value->type.sizes != o.target->type.sizes)
      throw InternalError("the new value of " + o.target->name + " has another type");
    const Value* r = root(o.value);
    if (!is_copied && may_lie_outside(r) && covers_root(o.value) && in_target_.emplace(r, o.target).second)
      out_.updates.push_back({o.target, o.value, false});
    else
      moves_.push_back({o.target, o.value});
  }

  // Whether a root may be an output or new state: its memory is its own, and stays where it is.
  bool may_lie_outside(const Value* r) const { return r->kind == Value::Kind::Result && !out_.swapped.count(r); }

  void find_uses(const std::vector<const Node*>& steps) {
    definition_.clear(), last_use_.clear();
    const std::vector<std::pair<int64_t, int64_t>> loops = loops_of(steps);
    for (size_t k = 0; k < steps.size(); ++k) {
      const auto at = static_cast<int64_t>(k);
      for_each_operand(*steps[k], [&](const Value* v) { use(root(v), at, loops); });
      for (const Value* v : steps[k]->results) {
        const auto [it, is_new] = definition_.emplace(root(v), at);
        if (is_new) continue;
        out_.variables.insert(root(v));
        use(root(v), at, loops);
      }
    }
  }
  // What was there before a loop is there until its end.
  void use(const Value* r, int64_t at, const std::vector<std::pair<int64_t, int64_t>>& loops) {
    const auto made = definition_.find(r);
    for (const auto& [first, last] : loops)
      if (first <= at && at <= last && (made == definition_.end() || made->second < first)) at = last;
    int64_t& use = last_use_.emplace(r, at).first->second;
    use = std::max(use, at);
  }
  // First and last step of each, inner ones first.
  static std::vector<std::pair<int64_t, int64_t>> loops_of(const std::vector<const Node*>& steps) {
    std::unordered_map<int64_t, int64_t> labels;
    std::vector<std::pair<int64_t, int64_t>> loops;
    for (size_t k = 0; k < steps.size(); ++k) {
      if (steps[k]->op == "etc::label") labels[std::get<int64_t>(steps[k]->args[0])] = static_cast<int64_t>(k);
      if (steps[k]->op != "etc::jump") continue;
      if (auto head = labels.find(std::get<int64_t>(steps[k]->args[0])); head != labels.end())
        loops.emplace_back(head->second, static_cast<int64_t>(k));
    }
    return loops;
  }

  // The first step after the cond or while that `step` is in, or after `step`; and the first of it.
  size_t after_region(size_t step) const {
    int depth = 0;
    for (size_t k = 0; k < steps_.size(); ++k) {
      depth += steps_[k]->op == "etc::begin" ? 1 : steps_[k]->op == "etc::end" ? -1 : 0;
      if (k >= step && depth == 0) return k + 1;
    }
    return steps_.size();
  }
  size_t before_region(size_t step) const {
    int depth = 0;
    size_t first = 0;
    for (size_t k = 0; k < steps_.size() && k <= step; ++k) {
      if (depth == 0) first = k;
      depth += steps_[k]->op == "etc::begin" ? 1 : steps_[k]->op == "etc::end" ? -1 : 0;
    }
    return first;
  }

  const Value* make_copy(const Value* source, std::string name, std::vector<const Node*>& where) {
    Value& v = out_.made_values.emplace_back();
    v.name = std::move(name);
    v.type = TensorType(source->type.dtype, source->type.sizes);
    Node& node = out_.made_nodes.emplace_back();
    node.op = "etc::copy";
    node.args = {const_cast<Value*>(source)};
    node.results = {&v};
    if (const Node* producer = root(source)->producer) node.source = producer->source;
    v.producer = &node;
    where.push_back(&node);
    return &v;
  }

  // Each user output gets a buffer that is its own, whole and contiguous: its root's where nobody else has that, else a copy's.
  void add_outputs() {
    std::set<const Value*> taken;
    for (const Output& o : graph_.outputs) {
      if (o.kind != Output::Kind::User) continue;
      const Value* r = root(o.value);
      const bool is_own = may_lie_outside(r) && covers_root(o.value) && !in_target_.count(r) && taken.insert(r).second;
      out_.outputs.push_back(is_own ? o.value : make_copy(o.value, o.value->name + "_out", copies_before_[copy_position(r)]));
    }
  }

  // As early as the root is not needed otherwise: then it need not live on beside its copy. What a mutation overwrites must be copied
  // before; what costs no pool memory can wait.
  size_t copy_position(const Value* r) const {
    for (const Sequence::Update& u : out_.updates)
      if (u.target == r) return before_region(overwritten_at(r, root(u.value)));
    if (r->kind == Value::Kind::Constant || r->kind == Value::Kind::State || in_target_.count(r)) return steps_.size();
    auto defined = definition_.find(r), used = last_use_.find(r);
    const int64_t last = std::max(defined == definition_.end() ? -1 : defined->second, used == last_use_.end() ? -1 : used->second);
    return last < 0 ? 0 : after_region(static_cast<size_t>(last));
  }

  // The first step that may write in the place of `target`.
  size_t overwritten_at(const Value* target, const Value* value) const {
    for (size_t k = 0; k < steps_.size(); ++k) {
      const Op* op = find_kernel_op(steps_[k]->op);
      for (size_t i = 0; op && i < steps_[k]->args.size() && i < 16; ++i)
        if (auto* v = std::get_if<Value*>(&steps_[k]->args[i]); v && (op->in_place >> i & 1) && root(*v) == target) return k;
    }
    return static_cast<size_t>(definition_.at(value));
  }

  void merge_copies() {
    std::vector<const Node*> all;
    for (size_t k = 0; k <= steps_.size(); ++k) {
      if (auto it = copies_before_.find(k); it != copies_before_.end()) all.insert(all.end(), it->second.begin(), it->second.end());
      if (k < steps_.size()) all.push_back(steps_[k]);
    }
    steps_ = std::move(all);
  }

  // Copies into targets happen all at once: what reads a target goes before what writes it, and a cycle (two states that change places)
  // is opened by a temporary.
  void add_moves() {
    while (!moves_.empty()) {
      auto is_ready = [&](const Move& m) {
        return std::none_of(moves_.begin(), moves_.end(), [&](const Move& other) { return root(other.source) == m.target; });
      };
      auto it = std::find_if(moves_.begin(), moves_.end(), is_ready);
      if (it == moves_.end()) {
        moves_.front().source = make_copy(moves_.front().source, moves_.front().target->name + "_old", steps_);
        continue;
      }
      out_.updates.push_back({it->target, make_copy(it->source, it->target->name + "_new", steps_), true});
      moves_.erase(it);
    }
  }

  const Graph& graph_;
  Sequence out_;
  std::vector<const Node*> steps_;
  std::map<size_t, std::vector<const Node*>> copies_before_;  // a step of the graph's
  std::unordered_map<const Value*, const Value*> in_target_;  // root to be made in the place of the target
  std::vector<Move> moves_;
  std::unordered_map<const Value*, int64_t> definition_, last_use_;
};

}  // namespace

Sequence sequence(const FlatGraph& flat, const std::set<const Value*>& copied) { return Sequencer(flat, copied).run(); }

}  // namespace etc::compile
