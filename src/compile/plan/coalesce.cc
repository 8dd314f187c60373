// Liveness over the blocks of flat code, and the copies that it makes unnecessary; see coalesce.h. The same as register coalescing:
// two variables interfere when one is written while the other is still needed.
#include "plan/coalesce.h"

#include <algorithm>

#include "ir/one_op.h"
#include "plan/place.h"
#include "plan/sequence.h"

namespace etc::compile {
namespace {

class Coalescer {
 public:
  explicit Coalescer(FlatGraph& flat) : flat_(flat), graph_(*flat.made) {}

  void run() {
    index();
    for (const auto& it : candidates())
      if (merge(**it)) graph_.nodes.erase(it);
    index();
    for (size_t k = 0; k < code_.size(); ++k) swap_instead(k);
  }

 private:
  using Iterator = Graph::NodeList::iterator;

  // --- the code: nodes without views, by position ---

  void index() {
    code_.clear(), next_.clear(), loops_.clear();
    std::unordered_map<int64_t, size_t> labels;
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end(); ++it) {
      if ((*it)->op == "etc::view") continue;
      if ((*it)->op == "etc::label") labels[std::get<int64_t>((*it)->args[0])] = code_.size();
      code_.push_back(it->get());
    }
    next_.resize(code_.size());
    for (size_t k = 0; k < code_.size(); ++k) {
      const Node& node = *code_[k];
      if (node.op != "etc::jump") next_[k].push_back(k + 1);
      if (node.op != "etc::jump" && node.op != "etc::jump_if_false") continue;
      const size_t target = labels.at(std::get<int64_t>(node.args.back()));
      next_[k].push_back(target);
      if (target <= k) loops_.emplace_back(target, k);
    }
  }

  size_t loop_depth(size_t k) const {
    return static_cast<size_t>(std::count_if(loops_.begin(), loops_.end(), [k](const auto& l) { return l.first <= k && k <= l.second; }));
  }

  // Copies between variables, those in inner loops first.
  std::vector<Iterator> candidates() {
    std::vector<std::pair<size_t, Iterator>> found;
    size_t k = 0;
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end(); ++it) {
      if ((*it)->op == "etc::view") continue;
      const size_t depth = loop_depth(k++);
      if (source_of_copy(**it)) found.emplace_back(depth, it);
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<Iterator> all;
    for (const auto& f : found) all.push_back(f.second);
    return all;
  }

  // The whole root that a copy into a variable reads, if it is a variable of the same type; else null.
  Value* source_of_copy(const Node& node) const {
    if (node.op != "etc::copy" || node.results.size() != 1) return nullptr;
    Value *from = std::get<Value*>(node.args[0]), *root = root_of(from), *to = node.results[0];
    const bool is_whole = root->kind == Value::Kind::Result && covers_root(from) && root->type == to->type && from->type == to->type;
    return is_whole && !is_view(to) && root != to ? root : nullptr;
  }

  // --- liveness, of one variable at a time ---

  static bool writes(const Node& node, const Value* root) {
    return std::any_of(node.results.begin(), node.results.end(), [root](Value* r) { return root_of(r) == root; });
  }
  // A result that is a window leaves the root's other bytes as they are.
  static bool writes_all(const Node& node, const Value* root) {
    return std::any_of(node.results.begin(), node.results.end(), [root](Value* r) { return root_of(r) == root && covers_root(r); });
  }
  static bool reads(const Node& node, const Value* root) {
    bool found = false;
    for_each_operand(node, [&](Value* v) { found = found || root_of(v) == root; });
    return found;
  }

  // By position: whether what the variable holds after it may still be read.
  std::vector<bool> live_after(const Value* root) const {
    std::vector<bool> live(code_.size(), false);
    const std::vector<Output>& outputs = graph_.outputs;
    const bool is_output = std::any_of(outputs.begin(), outputs.end(), [root](const Output& o) { return root_of(o.value) == root; });
    auto live_before = [&](size_t k) {
      if (k == code_.size()) return is_output;
      return reads(*code_[k], root) || (live[k] && !writes_all(*code_[k], root));
    };
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t k = code_.size(); k-- > 0;) {
        if (live[k] || std::none_of(next_[k].begin(), next_[k].end(), live_before)) continue;
        live[k] = changed = true;
      }
    }
    return live;
  }

  // --- merging ---

  bool is_copy_between(const Node& node, const Value* a, const Value* b) const {
    const Value* from = source_of_copy(node);
    return from && ((from == a && node.results[0] == b) || (from == b && node.results[0] == a));
  }

  bool interfere(const Value* a, const Value* b) const {
    const std::vector<bool> live_a = live_after(a), live_b = live_after(b);
    auto clash = [&](const Node& node, const Value* written, const Value* other, bool is_other_live) {
      if (!writes(node, written)) return false;
      return is_other_live || writes(node, other) || (reads(node, other) && !may_replace(node, other));
    };
    for (size_t k = 0; k < code_.size(); ++k)
      if (!is_copy_between(*code_[k], a, b) && (clash(*code_[k], a, b, live_b[k]) || clash(*code_[k], b, a, live_a[k]))) return true;
    return false;
  }

  // Whether result 0, the only one, may be made where `root` lies.
  static bool may_replace(const Node& node, const Value* root) {
    const std::vector<const Value*> found = replaceable_arguments(node);
    return node.results.size() == 1 && !is_view(node.results[0]) && std::find(found.begin(), found.end(), root) != found.end();
  }

  // True when the copy is not needed any more.
  bool merge(Node& copy) {
    Value* from = source_of_copy(copy);
    Value* to = copy.results[0];
    if (!from) return root_of(std::get<Value*>(copy.args[0])) == to && std::get<Value*>(copy.args[0])->type == to->type;
    index();
    if (interfere(from, to)) return false;
    for (const auto& node : graph_.nodes) {
      for_each_operand(*node, [&](Value*& v) {
        if (v == from) v = to;
      });
      for (Value*& r : node->results)
        if (r == from) r = to;
    }
    for (Output& o : graph_.outputs)
      if (o.value == from) o.value = to;
    to->producer = nullptr;  // the copy goes
    return true;
  }

  // --- swaps ---

  // A large copy into what a loop carries, of what is not needed afterwards.
  void swap_instead(size_t k) {
    Node& node = *code_[k];
    const Value* from = source_of_copy(node);
    if (!from || node.results[0]->type.bytes() <= kLargestCopiedCarry || live_after(from)[k]) return;
    Value* to = node.results[0];
    const std::vector<bool> live = live_after(to);
    if (std::none_of(loops_.begin(), loops_.end(), [&](const auto& l) { return l.first <= k && k <= l.second && live[l.second]; })) return;
    node.op = "etc::swap";
    node.args = {to, root_of(std::get<Value*>(node.args[0]))};
    node.results.clear();
    flat_.swapped.insert({to, from});
  }

  FlatGraph& flat_;
  Graph& graph_;
  std::vector<Node*> code_;
  std::vector<std::vector<size_t>> next_;
  std::vector<std::pair<size_t, size_t>> loops_;  // first and last position
};

}  // namespace

void coalesce(FlatGraph& flat) { Coalescer(flat).run(); }

}  // namespace etc::compile
