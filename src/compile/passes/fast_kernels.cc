// Ops of f32 that ops/cpu has a faster kernel for become that: attention, norms, LSTMs.
#include <cmath>
#include <limits>
#include <map>

#include "ir/builder.h"
#include "ir/interpret.h"
#include "ir/one_op.h"
#include "ops/cpu/packed.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

class Chooser {
 public:
  explicit Chooser(Graph& graph) : graph_(graph), uses_(graph.use_counts()) {}

  bool run() {
    if (!find_kernel_op("etc::fast_attention")) return false;
    bool changed = false;
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end();) {
      const auto at = it++;
      const Node& node = **at;
      if (node.is_external()) continue;
      const bool done = node.op == "aten::scaled_dot_product_attention" ? attention(at)
                        : node.op == "aten::native_layer_norm"          ? layer_norm(at)
                        : node.op == "aten::rms_norm"                   ? rms_norm(at)
                        : node.op == "aten::lstm.input"                 ? lstm(at)
                                                                        : false;
      if (done) graph_.nodes.erase(at);
      changed |= done;
    }
    return changed;
  }

 private:
  Builder builder(Graph::NodeList::iterator at) {
    Builder b(graph_, at);
    b.set_source((*at)->source, (*at)->results[0]->name);
    return b;
  }

  // --- attention ---

  // As [n or 1, heads or 1, queries or 1, keys]; None for none; empty when it is something that the kernel does not take.
  std::optional<Argument> mask(Builder& b, Value* v, const SymInt& keys) {
    if (!v) return Argument(None{});
    if (v->type.sizes.size() < 2 || v->type.sizes.size() > 4 || !(v->type.sizes.back() == keys)) return std::nullopt;
    if (v->type.dtype == DType::Bool) {
      Value*& made = masks_[v];
      if (!made) made = b.op("aten::where.self", {v, b.scalar(DType::F32, 0.0), b.scalar(DType::F32, -INFINITY)});
      v = made;
    }
    if (!is_f32(v)) return std::nullopt;
    while (v->type.sizes.size() < 4) v = b.unsqueeze(v, 0);
    return Argument(v);
  }

  bool attention(Graph::NodeList::iterator at) {
    const Node& node = **at;
    Value *q = tensor_argument(node, 0), *k = tensor_argument(node, 1), *v = tensor_argument(node, 2), *result = node.results[0];
    const size_t rank = q->type.sizes.size();
    const auto* grouped = std::get_if<bool>(&node.args[7]);
    const auto* causal = std::get_if<bool>(&node.args[5]);
    if (!is_f32(q) || !is_f32(k) || !is_f32(v) || !grouped || !causal || (rank != 3 && rank != 4)) return false;
    if (k->type.sizes.size() != rank || v->type.sizes.size() != rank) return false;
    Builder b = builder(at);
    for (Value** part : {&q, &k, &v})
      if (rank == 3) *part = b.unsqueeze(*part, 1);
    const Sizes &qs = q->type.sizes, &ks = k->type.sizes, &vs = v->type.sizes;
    const bool heads_fit = *grouped ? qs[1].is_fixed() && ks[1].is_fixed() && ks[1] > 0 && qs[1] % ks[1] == 0 : qs[1] == ks[1];
    if (!heads_fit || !(qs[0] == ks[0]) || !(qs[0] == vs[0]) || !(ks[1] == vs[1])) return false;
    if (!qs[3].is_fixed() || !vs[3].is_fixed() || qs[3] < 1 || vs[3] < 1) return false;
    const Value* given = tensor_argument(node, 3);
    if (given && rank == 3 && given->type.sizes.size() != 2) return false;
    const std::optional<Argument> added = mask(b, tensor_argument(node, 3), ks[2]);
    if (!added) return false;
    Value* y = b.op("etc::fast_attention", {q, k, v, *added, *causal, node.args[6]});
    Value* shown = b.permute(y, {0, 2, 1, 3});
    replace_by_view(graph_, result, rank == 3 ? b.squeeze(shown, {1}) : shown);
    return true;
  }

  // --- norms ---

  bool is_last_dimension(const Node& node) {
    const Sizes shape = syms_of(node.args[1]);
    const Value* x = tensor_argument(node, 0);
    return is_f32(x) && shape.size() == 1 && x->type.sizes.back().is_fixed() && x->type.sizes.back() > 0;
  }
  static bool is_f32_or_none(const Node& node, size_t i) { return !tensor_argument(node, i) || is_f32(tensor_argument(node, i)); }

  bool layer_norm(Graph::NodeList::iterator at) {
    const Node& node = **at;
    if (!is_last_dimension(node) || !is_f32_or_none(node, 2) || !is_f32_or_none(node, 3) || uses_[node.results[1]] ||
        uses_[node.results[2]])
      return false;
    Builder b = builder(at);
    replace_by_view(graph_, node.results[0], b.op("etc::fast_layer_norm", {node.args[0], node.args[2], node.args[3], node.args[4]}));
    return true;
  }

  bool rms_norm(Graph::NodeList::iterator at) {
    const Node& node = **at;
    if (!is_last_dimension(node) || !is_f32_or_none(node, 2)) return false;
    const auto* eps = std::get_if<double>(&node.args[3]);
    Builder b = builder(at);
    const double otherwise = std::numeric_limits<float>::epsilon();
    replace_by_view(graph_, node.results[0], b.op("etc::fast_rms_norm", {node.args[0], node.args[2], eps ? *eps : otherwise}));
    return true;
  }

  // --- LSTM ---

  // Rows of PyTorch's four gates [4 * units, k] in the order of packed_lstm: element (row, i) of the result, zero for units beyond the
  // last.
  struct Gates {
    const float* weight;
    int64_t units, k;
    int64_t rows() const { return cpu::panels_of(units) * 4 * cpu::kPanel; }
    float operator()(int64_t row, int64_t i) const {
      const int64_t unit = row / (4 * cpu::kPanel) * cpu::kPanel + row % cpu::kPanel, gate = row / cpu::kPanel % 4;
      return unit < units ? weight[(gate * units + unit) * k + i] : 0;
    }
  };

  Value* packed(const Value* weight, int64_t units) {
    const ConstantData data = gather(weight, {});
    const Gates gates{reinterpret_cast<const float*>(data.data), units, weight->type.sizes[1]};
    return add_floats(graph_, root_of(const_cast<Value*>(weight))->name + "_packed", {cpu::panels_of(gates.rows()), gates.k, cpu::kPanel},
                      [&](float* panels) { cpu::pack_panels(gates.rows(), gates.k, gates, panels); });
  }

  Value* summed_bias(const Value* input, const Value* hidden, int64_t units) {
    const ConstantData a = gather(input, {}), c = gather(hidden, {});
    const Gates of_input{reinterpret_cast<const float*>(a.data), units, 1}, of_hidden{reinterpret_cast<const float*>(c.data), units, 1};
    return add_floats(graph_, root_of(const_cast<Value*>(input))->name + "_summed", {of_input.rows()}, [&](float* sums) {
      for (int64_t row = 0; row < of_input.rows(); ++row) sums[row] = of_input(row, 0) + of_hidden(row, 0);
    });
  }

  bool lstm(Graph::NodeList::iterator at) {
    const Node& node = **at;
    const auto *hx = std::get_if<Values>(&node.args[1]), *params = std::get_if<Values>(&node.args[2]);
    const auto *biases = std::get_if<bool>(&node.args[3]), *both = std::get_if<bool>(&node.args[7]),
               *batch_first = std::get_if<bool>(&node.args[8]);
    const auto* layers = std::get_if<int64_t>(&node.args[4]);
    Value* x = tensor_argument(node, 0);
    if (!hx || hx->size() != 2 || !params || !biases || !both || !batch_first || !layers || !is_f32(x)) return false;
    const size_t each = *biases ? 4 : 2;
    const int64_t directions = *both ? 2 : 1;
    if (params->size() != each * static_cast<size_t>(*layers * directions)) return false;  // projections have one more
    for (const Value* p : *params)
      if (!is_f32(p) || !is_fixed_constant(p)) return false;
    Value *h = (*hx)[0], *c = (*hx)[1];
    if (!is_f32(h) || !is_f32(c) || !h->type.sizes[2].is_fixed() || !(h->type.sizes[2] == c->type.sizes[2])) return false;
    const int64_t units = h->type.sizes[2];

    Builder b = builder(at);
    if (*batch_first) x = b.permute(x, {1, 0, 2});
    Values last_h, last_c;
    for (int64_t layer = 0; layer < *layers; ++layer) {
      Values ys;
      for (int64_t d = 0; d < directions; ++d) {
        const int64_t part = layer * directions + d;
        Value* const* p = params->data() + static_cast<size_t>(part) * each;
        const Argument bias = *biases ? Argument(summed_bias(p[2], p[3], units)) : Argument(None{});
        const int64_t columns = cpu::panels_of(units) * 4 * cpu::kPanel;
        Value* gates = b.op("etc::packed_linear", {x, packed(p[0], units), bias, None{}, columns, std::string("none")});
        const Results made = b.call("etc::packed_lstm", {gates, packed(p[1], units), b.contiguous(b.select(h, 0, part)),
                                                         b.contiguous(b.select(c, 0, part)), d == 1});
        ys.push_back(std::get<Value*>(made[0]));
        last_h.push_back(b.unsqueeze(std::get<Value*>(made[1]), 0));
        last_c.push_back(b.unsqueeze(std::get<Value*>(made[2]), 0));
      }
      x = directions == 1 ? ys[0] : b.op("aten::cat", {ys, int64_t{2}});
    }
    const auto joined = [&](const Values& parts) { return parts.size() == 1 ? parts[0] : b.op("aten::cat", {parts, int64_t{0}}); };
    Value* shown[] = {*batch_first ? b.permute(x, {1, 0, 2}) : x, joined(last_h), joined(last_c)};
    for (size_t i = 0; i < 3; ++i) replace_by_view(graph_, node.results[i], shown[i]);
    return true;
  }

  Graph& graph_;
  std::unordered_map<const Value*, int> uses_;
  std::map<Value*, Value*> masks_;
};

}  // namespace

extern const Pass fast_kernels;
constinit const Pass fast_kernels = {"fast-kernels", "attention, norms and LSTMs by the kernels for this CPU, for --cpu other than generic",
                                     [](Graph& graph) { return Chooser(graph).run(); }, true, true};

}  // namespace etc::compile::passes
