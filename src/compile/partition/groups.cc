// Groups of nodes; see groups.h.
#include "partition/groups.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "ir/error.h"
#include "ir/flow.h"

namespace etc::compile {
namespace {

// The dependencies between nodes: what reads what another makes, and what names a size that another decides.
class Dependencies {
 public:
  explicit Dependencies(const std::vector<const Node*>& nodes)
      : producers(nodes.size()), consumers(nodes.size()), before(nodes.size()), after(nodes.size()) {
    std::unordered_map<const Node*, size_t> index;
    std::unordered_map<const Symbol*, size_t> maker;
    for (size_t n = 0; n < nodes.size(); ++n) {
      index[nodes[n]] = n;
      for_each_operand(*nodes[n], [&](const Value* v) {
        const auto made = v->producer ? index.find(v->producer) : index.end();
        if (made == index.end()) return;
        producers[n].push_back(made->second);
        consumers[made->second].push_back(n);
        wait(n, made->second);
      });
      for_each_symbol(*nodes[n], [&](const SymbolRef& s) {
        if (const auto made = maker.find(s.get()); made != maker.end()) wait(n, made->second);
      });
      for_each_made_symbol(*nodes[n], [&](const SymbolRef& s) { maker.emplace(s.get(), n); });
    }
  }
  std::vector<std::vector<size_t>> producers, consumers;  // of data
  std::vector<std::vector<size_t>> before, after;         // these, and those of sizes

 private:
  void wait(size_t n, size_t other) {
    before[n].push_back(other);
    after[other].push_back(n);
  }
};

class Grouper {
 public:
  Grouper(const std::vector<const Node*>& nodes, const std::vector<int>& owner) : nodes_(nodes), owner_(owner), edges_(nodes) {
    for (size_t n = 0; n < nodes.size(); ++n) {
      group_.push_back(n);
      members_.push_back({n});
    }
  }

  std::vector<std::vector<size_t>> run() {
    for (size_t n = 0; n < nodes_.size(); ++n)
      for (size_t p : edges_.producers[n])
        if (owner_[n] >= 0 && owner_[p] == owner_[n] && group_[p] != group_[n] && !is_path_around(group_[p], group_[n]))
          merge(group_[p], group_[n]);
    std::vector<std::vector<size_t>> groups;
    for (std::vector<size_t>& members : members_) {
      if (members.empty() || owner_[members[0]] < 0) continue;
      std::sort(members.begin(), members.end());
      trim(members);
      if (!members.empty()) groups.push_back(members);
    }
    return groups;
  }

 private:
  // A path from one group to the other through a third.
  bool is_path_around(size_t from, size_t to) const {
    std::vector<size_t> pending;
    std::vector<bool> seen(members_.size());
    seen[from] = true;
    const auto visit = [&](size_t group, bool may_reach) {
      for (size_t m : members_[group])
        for (size_t c : edges_.after[m]) {
          if (group_[c] == to && may_reach) return true;
          if (group_[c] == to || seen[group_[c]]) continue;
          seen[group_[c]] = true;
          pending.push_back(group_[c]);
        }
      return false;
    };
    visit(from, false);
    while (!pending.empty()) {
      const size_t group = pending.back();
      pending.pop_back();
      if (visit(group, true)) return true;
    }
    return false;
  }

  void merge(size_t into, size_t from) {
    for (size_t m : members_[from]) {
      group_[m] = into;
      members_[into].push_back(m);
    }
    members_[from].clear();
  }

  void trim(std::vector<size_t>& members) const {
    const auto is_member = [&](size_t n) { return std::binary_search(members.begin(), members.end(), n); };
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < members.size(); ++i) {
        if (nodes_[members[i]]->op != "etc::view") continue;
        const auto &before = edges_.producers[members[i]], &after = edges_.consumers[members[i]];
        if (std::any_of(before.begin(), before.end(), is_member) && std::any_of(after.begin(), after.end(), is_member)) continue;
        members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
        changed = true;
        break;
      }
    }
  }

  const std::vector<const Node*>& nodes_;
  const std::vector<int>& owner_;
  Dependencies edges_;
  std::vector<size_t> group_;                 // of each node
  std::vector<std::vector<size_t>> members_;  // of each group
};

}  // namespace

std::vector<std::vector<size_t>> find_groups(const std::vector<const Node*>& nodes, const std::vector<int>& owner) {
  return Grouper(nodes, owner).run();
}

std::vector<size_t> order_by_group(const std::vector<const Node*>& nodes, const std::vector<std::vector<size_t>>& groups) {
  const Dependencies edges(nodes);
  std::vector<size_t> group(nodes.size());  // its first node
  std::vector<std::vector<size_t>> members(nodes.size());
  for (size_t n = 0; n < nodes.size(); ++n) group[n] = n;
  for (const auto& g : groups)
    for (size_t n : g) group[n] = g[0];
  for (size_t n = 0; n < nodes.size(); ++n) members[group[n]].push_back(n);

  std::vector<size_t> waits_for(nodes.size());  // of groups: edges from others
  for (size_t n = 0; n < nodes.size(); ++n)
    for (size_t p : edges.before[n]) waits_for[group[n]] += group[p] != group[n];
  std::set<size_t> ready;  // the first of the model's order comes first
  for (size_t g = 0; g < nodes.size(); ++g)
    if (!members[g].empty() && waits_for[g] == 0) ready.insert(g);
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t g = *ready.begin();
    ready.erase(ready.begin());
    for (size_t n : members[g]) {
      order.push_back(n);
      for (size_t c : edges.after[n])
        if (group[c] != g && --waits_for[group[c]] == 0) ready.insert(group[c]);
    }
  }
  if (order.size() != nodes.size()) throw InternalError("partition: groups depend on each other in a circle");
  return order;
}

}  // namespace etc::compile
