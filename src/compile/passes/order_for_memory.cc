// Orders nodes so that fewer bytes live at the peak. Tries a few orders and takes the best if it beats the one of the model; the
// same graph always gives the same order.
#include <algorithm>
#include <unordered_set>

#include "ir/one_op.h"
#include "ir/probe.h"
#include "passes/pass.h"

namespace etc::compile::passes {
namespace {

constexpr size_t kMaxNodes = 20000;     // larger graphs keep their order
constexpr size_t kMaxCandidates = 128;  // of the ready nodes, in the order of the model, looked at in each step

constexpr int64_t kAlignment = 64;

// One node that becomes an instruction, with the views of its results. Everything is by index.
struct Step {
  Graph::NodeList::iterator node;
  std::vector<size_t> reads;   // roots
  std::vector<size_t> makes;   // roots
  std::vector<size_t> after;   // steps that must come before
  std::vector<size_t> before;  // steps that wait for this one
  size_t reuses = SIZE_MAX;    // the root whose place a result may take when it dies here
  int64_t scratch = 0;
};

struct Root {
  int64_t bytes = 0;
  int uses = 0;  // steps that read it, and outputs
  bool is_input = false;
};

using Order = std::vector<size_t>;

class Orderer {
 public:
  explicit Orderer(Graph& graph) : graph_(graph) {
    for (const Value* v : graph.inputs) for_each_symbol(v->type, [&](const SymbolRef& s) { input_symbols_.insert(s.get()); });
    collect();
  }

  bool run() {
    if (steps_.size() < 3) return false;
    Order best(steps_.size());
    for (size_t i = 0; i < best.size(); ++i) best[i] = i;
    const int64_t before = peak(best);
    int64_t least = before;
    for (const Order& order : {greedy(), depth_first()}) {
      const int64_t bytes = peak(order);
      if (bytes < least) {
        least = bytes;
        best = order;
      }
    }
    if (least == before) return false;
    apply(best);
    return true;
  }

 private:
  size_t index_of(Value* v) {
    Value* root = root_of(v);
    const auto [it, is_new] = root_index_.emplace(root, roots_.size());
    if (is_new) {
      Root r;
      r.is_input = root->kind == Value::Kind::Input;
      if (r.is_input || root->kind == Value::Kind::Result) r.bytes = (root->type.bytes() + kAlignment - 1) / kAlignment * kAlignment;
      roots_.push_back(r);
    }
    return it->second;
  }

  void collect() {
    std::unordered_map<size_t, size_t> maker;                 // root → step
    std::unordered_map<size_t, std::vector<size_t>> readers;  // root → steps so far
    std::unordered_map<size_t, size_t> target;                // of those, root → root of what it replaces
    for (const Output& o : graph_.outputs)
      if (o.target) target[index_of(o.value)] = index_of(o.target);
    for (Value* v : graph_.inputs) index_of(v);

    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end(); ++it) {
      if ((*it)->op == "etc::view") continue;
      Step s;
      s.node = it;
      const size_t self = steps_.size();
      for_each_operand(**it, [&](Value* v) {
        const size_t r = index_of(v);
        if (std::find(s.reads.begin(), s.reads.end(), r) == s.reads.end()) s.reads.push_back(r);
      });
      auto wait_for = [&](size_t step) {
        if (std::find(s.after.begin(), s.after.end(), step) == s.after.end()) s.after.push_back(step);
      };
      // What writes into the place of something stays behind those who read that before it in the model, so that a state can still
      // be updated where it lies.
      auto keep_behind_readers = [&](size_t root) {
        for (size_t step : readers[root]) wait_for(step);
      };
      for (size_t r : s.reads)
        if (auto made = maker.find(r); made != maker.end()) wait_for(made->second);
      for (Value* v : (*it)->results) {
        const size_t r = index_of(v);
        s.makes.push_back(r);
        maker[r] = self;
        if (auto t = target.find(r); t != target.end()) keep_behind_readers(t->second);
      }
      wait_for_symbols(**it, self, wait_for);
      describe_kernel(**it, s);
      if ((*it)->op == "etc::view_scatter") keep_behind_readers(index_of(std::get<Value*>((*it)->args[0])));
      // Nobody knows what an external op does beside its results: they keep their order.
      if ((*it)->is_external()) {
        if (last_external_ != SIZE_MAX) wait_for(last_external_);
        last_external_ = self;
      }
      for (size_t r : s.reads) {
        readers[r].push_back(self);
        ++roots_[r].uses;
      }
      for (size_t step : s.after) steps_[step].before.push_back(self);
      steps_.push_back(std::move(s));
    }
    for (const Output& o : graph_.outputs) ++roots_[index_of(o.value)].uses;
  }

  // What names a symbol stays behind what says its number; the first node that does so is taken to.
  template <class F>
  void wait_for_symbols(const Node& node, size_t self, F wait_for) {
    for_each_symbol(node, [&](const SymbolRef& s) {
      if (input_symbols_.count(s.get())) return;
      const size_t step = symbol_maker_.emplace(s.get(), self).first->second;
      if (step != self) wait_for(step);
    });
    if (node.op == "etc::item") for_each_symbol(node.args[1], [&](const SymbolRef& s) { symbol_maker_.emplace(s.get(), self); });
  }

  void describe_kernel(const Node& node, Step& s) {
    if (node.is_external()) return;
    const Op* op = find_kernel_op(node.op);
    if (!op) return;
    std::vector<TensorType> types;
    for (const Value* r : node.results) types.push_back(r->type);
    s.scratch = static_cast<int64_t>(std::min<uint64_t>(most_scratch_bytes(*op, node.args, types), INT64_MAX / 4));
    for (size_t i = 0; i < node.args.size() && i < 16; ++i)
      if (auto* v = std::get_if<Value*>(&node.args[i]);
          v && (op->in_place >> i & 1) && !is_view(*v) && (*v)->kind == Value::Kind::Result && (*v)->type == types[0]) {
        s.reuses = index_of(*v);
        break;
      }
  }

  // --- what an order costs ---

  // Bytes while and after a step runs, when `uses` counts what is still to come.
  struct Cost {
    int64_t during = 0, after = 0;
  };
  Cost cost_of(const Step& s, const std::vector<int>& uses, int64_t live) const {
    int64_t made = 0, freed = 0;
    for (size_t r : s.makes) made += roots_[r].bytes;
    int64_t reused = 0;
    for (size_t r : s.reads)
      if (uses[r] == 1) {
        freed += roots_[r].bytes;
        if (r == s.reuses) reused = roots_[r].bytes;
      }
    for (size_t r : s.makes)
      if (uses[r] == 0) freed += roots_[r].bytes;
    return {live + made - reused + s.scratch, live + made - freed};
  }
  void step(const Step& s, std::vector<int>& uses, int64_t& live) const {
    live = cost_of(s, uses, live).after;
    for (size_t r : s.reads) --uses[r];
  }
  std::vector<int> initial_uses() const {
    std::vector<int> uses;
    for (const Root& r : roots_) uses.push_back(r.uses);
    return uses;
  }
  int64_t initial_live() const {
    int64_t live = 0;
    for (const Root& r : roots_)
      if (r.is_input && r.uses > 0) live += r.bytes;
    return live;
  }
  int64_t peak(const Order& order) const {
    std::vector<int> uses = initial_uses();
    int64_t live = initial_live(), most = live;
    for (size_t i : order) {
      most = std::max(most, cost_of(steps_[i], uses, live).during);
      step(steps_[i], uses, live);
    }
    return most;
  }

  // --- orders ---

  // Always the ready step that leaves the fewest bytes, among equals the one that needs the fewest, among those the model's first.
  Order greedy() const {
    std::vector<int> uses = initial_uses();
    std::vector<size_t> waiting(steps_.size());
    std::vector<size_t> ready;  // sorted
    for (size_t i = 0; i < steps_.size(); ++i)
      if ((waiting[i] = steps_[i].after.size()) == 0) ready.push_back(i);
    int64_t live = initial_live();
    Order order;
    while (!ready.empty()) {
      size_t best = 0;
      Cost least{INT64_MAX, INT64_MAX};
      for (size_t k = 0; k < std::min(ready.size(), kMaxCandidates); ++k) {
        const Cost c = cost_of(steps_[ready[k]], uses, live);
        if (c.after < least.after || (c.after == least.after && c.during < least.during)) least = c, best = k;
      }
      const size_t chosen = ready[best];
      ready.erase(ready.begin() + static_cast<ptrdiff_t>(best));
      step(steps_[chosen], uses, live);
      order.push_back(chosen);
      for (size_t next : steps_[chosen].before)
        if (--waiting[next] == 0) ready.insert(std::lower_bound(ready.begin(), ready.end(), next), next);
    }
    return order;
  }

  // Each output's operands in full before the next one's, those with the largest results first (as Sethi and Ullman number trees).
  Order depth_first() const {
    Order order;
    std::vector<char> seen(steps_.size(), 0);
    std::vector<std::pair<size_t, size_t>> stack;  // step, position among its sorted predecessors
    std::vector<std::vector<size_t>> before(steps_.size());
    for (size_t i = 0; i < steps_.size(); ++i) {
      before[i] = steps_[i].after;
      std::stable_sort(before[i].begin(), before[i].end(), [&](size_t a, size_t b) { return result_bytes(a) > result_bytes(b); });
    }
    for (size_t last = 0; last < steps_.size(); ++last) {
      if (!steps_[last].before.empty() || seen[last]) continue;
      seen[last] = 1;
      stack.emplace_back(last, 0);
      while (!stack.empty()) {
        auto& [at, position] = stack.back();
        if (position == before[at].size()) {
          order.push_back(at);
          stack.pop_back();
        } else if (const size_t next = before[at][position++]; !seen[next]) {
          seen[next] = 1;
          stack.emplace_back(next, 0);
        }
      }
    }
    return order;
  }
  int64_t result_bytes(size_t i) const {
    int64_t sum = 0;
    for (size_t r : steps_[i].makes) sum += roots_[r].bytes;
    return sum;
  }

  // Each step in turn, and behind it the views of what it made; views of inputs, states and constants come first.
  void apply(const Order& order) {
    std::unordered_map<const Node*, std::vector<Graph::NodeList::iterator>> views;  // by producer of the root; null: none
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end(); ++it)
      if ((*it)->op == "etc::view") views[std::get<Value*>((*it)->args[0])->producer].push_back(it);
    Graph::NodeList ordered;
    auto take = [&](Graph::NodeList::iterator it) { ordered.splice(ordered.end(), graph_.nodes, it); };
    for (auto view : views[nullptr]) take(view);
    for (size_t i : order) {
      const Node* node = steps_[i].node->get();
      take(steps_[i].node);
      for (auto view : views[node]) take(view);
    }
    graph_.nodes.swap(ordered);
  }

  Graph& graph_;
  std::vector<Step> steps_;
  std::vector<Root> roots_;
  std::unordered_map<const Value*, size_t> root_index_;
  std::unordered_map<const Symbol*, size_t> symbol_maker_;  // step
  std::unordered_set<const Symbol*> input_symbols_;
  size_t last_external_ = SIZE_MAX;
};

}  // namespace

extern const Pass order_for_memory;
constinit const Pass order_for_memory = {"order-for-memory", "order nodes so that fewer bytes live at the peak",
                                         [](Graph& graph) { return graph.nodes.size() <= kMaxNodes && Orderer(graph).run(); }};

}  // namespace etc::compile::passes
