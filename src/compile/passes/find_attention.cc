// Attention that is written out, as in run_decompositions' core form or by hand, becomes one op:
//
//   bmm(softmax(bmm(query, key^T) * scale + mask), value)
//
// Query and key may be scaled themselves, by a number each. PyTorch's own form puts zeros where a query may see no key at all; without
// that, rows of such a mask would be NaN, so a mask is taken only with it.
#include <cmath>
#include <optional>

#include "ir/builder.h"
#include "ir/one_op.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

// A number that is an argument, or the one element of a constant.
std::optional<double> number_in(const Argument& a) {
  auto* v = std::get_if<Value*>(&a);
  if (!v) return fixed_number(a);
  return is_f32(*v) && (*v)->type.numel() == 1 ? number_of(*v) : std::nullopt;
}

// What `v` shows all of, in order: its root, or v itself.
Value* whole(Value* v) {
  Value* root = root_of(v);
  return v->type.is_contiguous() && v->type.numel() == root->type.numel() && view_offset(v) == 0 ? root : v;
}

const Node* producer_of(const Value* v, const char* op) { return v->producer && v->producer->op == op ? v->producer : nullptr; }

// x, and the number that v is x times.
struct Scaled {
  Value* x;
  double by = 1;
};
Scaled scaled(Value* v) {
  Value* product = whole(v);
  if (const Node* mul = producer_of(product, "aten::mul.Tensor")) {
    for (size_t i : {0u, 1u})
      if (const std::optional<double> by = number_in(mul->args[i])) {
        Value* x = tensor_argument(*mul, 1 - i);
        if (x->type.sizes == product->type.sizes) return {x, *by};
      }
  }
  if (const Node* div = producer_of(product, "aten::div.Tensor")) {
    const std::optional<double> by = number_in(div->args[1]);
    Value* x = tensor_argument(*div, 0);
    if (by && *by != 0 && x->type.sizes == product->type.sizes) return {x, 1 / *by};
  }
  return {v};
}

class Finder {
 public:
  explicit Finder(Graph& graph) : graph_(graph), uses_(graph.use_counts()) {}

  bool run() {
    if (!find_kernel_op("etc::fast_attention")) return false;
    bool changed = false;
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end();) {
      const auto at = it++;
      if ((*at)->is_external() || (*at)->op != "aten::bmm" || !replace(at)) continue;
      graph_.nodes.erase(at);
      changed = true;
    }
    if (changed) graph_.remove_dead();
    return changed;
  }

 private:
  bool is_used_once(const Value* v) const {
    const auto use = uses_.find(v);
    return use != uses_.end() && use->second == 1;
  }

  // The softmax whose result, or the result made safe, `weights` shows; what the safe one leaves out is zero.
  const Node* softmax_of(Value* weights, bool* is_safe) const {
    Value* v = whole(weights);
    if (!is_used_once(v) || (v != weights && !is_used_once(weights))) return nullptr;
    *is_safe = false;
    if (const Node* where = producer_of(v, "aten::where.self")) {
      v = tensor_argument(*where, 2);
      if (number_of(tensor_argument(*where, 1)) != 0.0 || !is_used_once(v) || !v->producer ||
          !sees_nothing(tensor_argument(*where, 0), *v->producer))
        return nullptr;
      *is_safe = true;
    }
    const Node* softmax = producer_of(v, "aten::_softmax");
    if (!softmax || !is_f32(v)) return nullptr;
    const auto* dim = std::get_if<int64_t>(&softmax->args[1]);
    const auto rank = static_cast<int64_t>(v->type.sizes.size());
    return dim && (*dim == -1 || *dim == rank - 1) && (rank == 3 || rank == 4) ? softmax : nullptr;
  }
  // not any(not(scores == -inf)) of the softmax's scores.
  static bool sees_nothing(Value* condition, const Node& softmax) {
    const Node* none = producer_of(condition, "aten::logical_not");
    const Node* any = none ? producer_of(tensor_argument(*none, 0), "aten::any.dims") : nullptr;
    const Node* seen = any ? producer_of(tensor_argument(*any, 0), "aten::logical_not") : nullptr;
    const Node* lowest = seen ? producer_of(tensor_argument(*seen, 0), "aten::eq.Tensor") : nullptr;
    if (!lowest || tensor_argument(*lowest, 0) != tensor_argument(softmax, 0)) return false;
    const auto* dims = std::get_if<std::vector<int64_t>>(&any->args[1]);
    const auto rank = static_cast<int64_t>(tensor_argument(*lowest, 0)->type.sizes.size());
    return dims && dims->size() == 1 && (dims->front() == -1 || dims->front() == rank - 1) && number_in(lowest->args[1]) == -INFINITY;
  }

  bool replace(Graph::NodeList::iterator at) {
    const Node& products = **at;
    bool is_safe = false;
    const Node* softmax = softmax_of(tensor_argument(products, 0), &is_safe);
    if (!softmax) return false;
    Value *scores = tensor_argument(*softmax, 0), *mask = nullptr;
    const Sizes& s = scores->type.sizes;  // [n, heads, queries, keys], or [n, queries, keys]
    if (const Node* add = producer_of(scores, "aten::add.Tensor"); add && fixed_number(add->args[2]) == 1.0) {
      Value *a = tensor_argument(*add, 0), *b = tensor_argument(*add, 1);
      const bool is_first = producer_of(whole(scaled(a).x), "aten::bmm") && a->type.sizes == s;
      mask = is_first ? b : a;
      scores = is_first ? a : b;
      if (!is_safe || scores->type.sizes != s || !is_f32(mask) || mask->type.sizes.size() > 4) return false;
    }
    const Scaled product = scaled(scores);
    const Node* dots = producer_of(whole(product.x), "aten::bmm");
    if (!dots || !is_f32(dots->results[0])) return false;
    const Scaled query = scaled(tensor_argument(*dots, 0)), key = scaled(tensor_argument(*dots, 1));

    Builder b(graph_, at);
    b.set_source(products.source, products.results[0]->name);
    const bool has_heads = s.size() == 4;
    const SymInt n = s[0], heads = has_heads ? s[1] : SymInt(1), queries = s[s.size() - 2], keys = s.back();
    const SymInt size = tensor_argument(*dots, 0)->type.sizes[2], value_size = tensor_argument(products, 1)->type.sizes[2];
    if (!size.is_fixed() || !value_size.is_fixed()) return false;
    Value *q = b.try_view(query.x, {n, heads, queries, size}), *turned = b.try_view(key.x, {n, heads, size, keys}),
          *v = b.try_view(tensor_argument(products, 1), {n, heads, keys, value_size});
    if (!q || !turned || !v) return false;
    Argument given = None{};
    if (mask) {
      while (mask->type.sizes.size() < s.size()) mask = b.unsqueeze(mask, 0);
      if (!has_heads) mask = b.unsqueeze(mask, 1);
      if (!(mask->type.sizes.back() == keys)) return false;
      given = mask;
    }
    Value* y = b.op("etc::fast_attention", {q, b.transpose(turned, 2, 3), v, given, false, product.by * query.by * key.by});
    replace_by_view(graph_, products.results[0], b.reshape(b.permute(y, {0, 2, 1, 3}), products.results[0]->type.sizes));
    products.results[0]->producer = nullptr;
    return true;
  }

  Graph& graph_;
  const std::unordered_map<const Value*, int> uses_;
};

}  // namespace

extern const Pass find_attention;
constinit const Pass find_attention = {"find-attention", "attention that is written out into the op that it is",
                                       [](Graph& graph) { return Finder(graph).run(); }, true, true};

}  // namespace etc::compile::passes
