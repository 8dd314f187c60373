// Sharing of places; see place.h.
#include "plan/place.h"

#include <algorithm>
#include <set>

#include "ir/external.h"
#include "ir/one_op.h"

namespace etc::compile {
namespace {

const Value* root(const Value* v) { return root_of(const_cast<Value*>(v)); }

}  // namespace

std::vector<const Value*> replaceable_arguments(const Node& node) {
  std::vector<const Value*> found;
  const Op* op = find_kernel_op(node.op);
  if (!op || node.is_external() || node.results.empty()) return found;
  const Value* result = node.results[0];
  auto may_share = [&](size_t i, const Value* v) {
    return i < 16 && (op->in_place >> i & 1) && std::holds_alternative<Value*>(node.args[i]) && v->type == result->type && covers_root(v);
  };
  for (size_t i = 0; i < node.args.size(); ++i) {
    auto* v = std::get_if<Value*>(&node.args[i]);
    if (!v || !may_share(i, *v) || result->type.bytes() == 0) continue;
    bool is_only_use = true;
    for (size_t j = 0; j < node.args.size(); ++j) {
      if (auto* other = std::get_if<Value*>(&node.args[j])) is_only_use = is_only_use && (root(*other) != root(*v) || may_share(j, *other));
      if (auto* list = std::get_if<Values>(&node.args[j]))
        for (const Value* other : *list) is_only_use = is_only_use && !(other && root(other) == root(*v));
    }
    if (is_only_use) found.push_back(root(*v));
  }
  return found;
}

namespace {

class Placer {
 public:
  Placer(const Sequence& sequence, bool in_place) : s_(sequence) {
    for (size_t k = 0; k < s_.steps.size(); ++k) {
      const Node& node = *s_.steps[k];
      if (in_place && !node.results.empty()) replaceable_[node.results[0]] = find_replaceable(node, static_cast<int64_t>(k));
      // The pass own-written has given these arguments memory of their own.
      for_each_written(node, [&](size_t i, const Value* after) {
        replaceable_[after] = {std::get<Value*>(node.args[i])};
        written_.insert(after);
      });
    }
  }

  // The chain that ends with `last` and can lie in the place of `target`, as long as possible; empty when not even `last` can.
  std::vector<const Value*> chain_in(const Value* target, const Value* last) const {
    std::vector<const Value*> chain = path_from(target, last);
    if (!chain.empty()) return chain;  // made in place of the old value itself
    const int64_t free_after = last_use(target);
    for (const Value* v = last; v; v = replaced_by_default(v)) {
      if (s_.definition.at(v) <= free_after) {
        if (!chain.empty() && written_.count(chain.back())) return {};  // it lies where v lies, and nowhere else
        break;
      }
      chain.push_back(v);
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
  }

  // The first argument that `v` can lie in the place of, if it has a buffer; else null.
  const Value* replaced_by_default(const Value* v) const {
    auto it = replaceable_.find(v);
    if (it == replaceable_.end()) return nullptr;
    for (const Value* r : it->second)
      if (r->kind == Value::Kind::Result) return r;
    return nullptr;
  }

  int64_t last_use(const Value* r) const {
    auto it = s_.last_use.find(r);
    return it == s_.last_use.end() ? -1 : it->second;
  }

 private:
  // Roots that result 0 of the node at step k may replace and that nothing uses later. What is written in several steps, or changes
  // places, stays where it is.
  std::vector<const Value*> find_replaceable(const Node& node, int64_t k) const {
    std::vector<const Value*> found;
    if (s_.variables.count(node.results[0]) || s_.swapped.count(node.results[0])) return found;
    for (const Value* r : replaceable_arguments(node))
      if (last_use(r) == k && !s_.swapped.count(r)) found.push_back(r);
    return found;
  }

  // The results that lead from `target` to `last`, each in place of the one before; empty if none do. Depth first.
  std::vector<const Value*> path_from(const Value* target, const Value* last) const {
    std::set<const Value*> visited;
    std::vector<const Value*> path{last};
    while (!path.empty()) {
      const Value* next = nullptr;
      if (auto it = replaceable_.find(path.back()); it != replaceable_.end()) {
        for (const Value* r : it->second) {
          if (r == target) return {path.rbegin(), path.rend()};
          if (!next && r->kind == Value::Kind::Result && visited.insert(r).second) next = r;
        }
      }
      if (next)
        path.push_back(next);
      else
        path.pop_back();
    }
    return {};
  }

  const Sequence& s_;
  std::unordered_map<const Value*, std::vector<const Value*>> replaceable_;
  std::set<const Value*> written_;  // new values of what external ops write
};

}  // namespace

std::optional<std::vector<Chain>> place(const Sequence& sequence, bool in_place, std::set<const Value*>& copied) {
  Placer placer(sequence, in_place);
  std::vector<Chain> chains;
  std::unordered_map<const Value*, size_t> chain_of;
  bool is_possible = true;
  for (const Sequence::Update& u : sequence.updates) {
    std::vector<const Value*> roots = u.is_copied ? std::vector<const Value*>{u.value} : placer.chain_in(u.target, root(u.value));
    if (roots.empty()) {
      is_possible = false;
      copied.insert(u.target);
      continue;
    }
    for (const Value* r : roots) chain_of[r] = chains.size();
    chains.push_back({std::move(roots), u.target});
  }
  if (!is_possible) return std::nullopt;
  for (const Node* step : sequence.steps) {
    for (const Value* result : step->results) {
      const Value* r = root(result);
      if (chain_of.count(r)) continue;
      if (const Value* before = placer.replaced_by_default(r)) {
        chain_of[r] = chain_of.at(before);
        chains[chain_of[r]].roots.push_back(r);
      } else {
        chain_of[r] = chains.size();
        chains.push_back({{r}, nullptr});
      }
    }
  }
  return chains;
}

}  // namespace etc::compile
