// Puts what follows an op over packed weights into it: activation(sums + bias + residual).
//
// Between the two may stand a view that shows every element once, permuted or reshaped. The packed op moves down to what it takes in, so
// that a residual is there before it.
#include <algorithm>
#include <optional>

#include "ir/builder.h"
#include "ir/interpret.h"
#include "ir/views.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

// Positions of what the fusion fills in; residual is 0 where there is none.
struct PackedOp {
  const char* name;
  size_t residual, activation;
};
constexpr size_t kBias = 2;
constexpr PackedOp kPackedOps[] = {
    {"etc::packed_linear", 3, 5}, {"etc::packed_conv2d", 3, 9}, {"etc::packed_conv_transpose2d", 0, 8}, {"etc::packed_depthwise2d", 0, 7}};

const PackedOp* packed_op(const Value* v) {
  if (!v->producer) return nullptr;
  for (const PackedOp& op : kPackedOps)
    if (v->producer->op == op.name) return &op;
  return nullptr;
}

bool is_none(const Argument& a) { return std::holds_alternative<None>(a); }

// The `activation` that the node is (ops/cpu/activation.h); null for none.
const char* activation_of(const Node& node) {
  constexpr const char* kSame[] = {"relu", "hardsigmoid", "hardswish", "sigmoid", "silu", "tanh"};
  for (const char* name : kSame)
    if (node.op == std::string("aten::") + name) return name;
  if (node.op == "aten::hardtanh" || node.op == "aten::clamp") {
    const std::optional<double> low = fixed_number(node.args[1]), high = fixed_number(node.args[2]);
    if (low != 0.0) return nullptr;
    return high == 6.0 ? "relu6" : is_none(node.args[2]) ? "relu" : nullptr;
  }
  if (node.op == "aten::gelu") return std::get<std::string>(node.args[1]) == "tanh" ? "gelu_tanh" : "gelu";
  return nullptr;
}

class Fuser {
 public:
  explicit Fuser(Graph& graph) : graph_(graph) {}

  bool run() {
    bool changed = false;
    uses_ = graph_.use_counts();
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end();) {
      const auto at = it++;
      if (!fuse(at)) continue;
      uses_ = graph_.use_counts();
      changed = true;
    }
    return changed;
  }

 private:
  bool fuse(Graph::NodeList::iterator at) {
    Node& node = **at;
    if (node.is_external() || node.results.size() != 1 || node.results[0]->type.dtype != DType::F32) return false;
    if (const char* name = activation_of(node)) return fuse_activation(at, name);
    if (node.op != "aten::add.Tensor" || fixed_number(node.args[2]) != 1.0) return false;
    auto *a = std::get<Value*>(node.args[0]), *b = std::get<Value*>(node.args[1]);
    return fuse_sum(at, a, b) || fuse_sum(at, b, a);
  }

  // The packed op whose result, without an activation yet, `v` shows and nobody else uses.
  const PackedOp* open_op(Value* v) const {
    const Value* root = root_of(v);
    const PackedOp* op = is_only_use(v) && v->type.dtype == DType::F32 ? packed_op(root) : nullptr;
    return op && std::get<std::string>(root->producer->args[op->activation]) == "none" ? op : nullptr;
  }
  bool is_only_use(const Value* v) const {
    const Value* root = root_of(const_cast<Value*>(v));
    return uses_.at(root) == 1 && (v == root || uses_.at(v) == 1);
  }

  static std::optional<std::vector<int64_t>> order_of(const Value* v) {
    return dense_order(v->type.sizes, v->type.strides, root_of(const_cast<Value*>(v))->type.numel());
  }

  // Of any part of the result, in any order; copied too, as the pixels of a transposed convolution are to their places.
  bool fuse_activation(Graph::NodeList::iterator at, const char* name) {
    auto *x = std::get<Value*>((*at)->args[0]), *shown = x;
    if (const Node* producer = root_of(x)->producer; producer && producer->op == "etc::copy" && is_only_use(x))
      shown = tensor_argument(*producer, 0);
    const PackedOp* op = open_op(shown);
    if (!op) return false;
    root_of(shown)->producer->args[op->activation] = std::string(name);
    replace_by(at, x, root_of(shown));
    return true;
  }

  bool fuse_sum(Graph::NodeList::iterator at, Value* sum, Value* other) {
    const PackedOp* op = open_op(sum);
    if (!op || !op->residual || sum == other || other->type.dtype != DType::F32) return false;
    if (sum->type.sizes != (*at)->results[0]->type.sizes || !order_of(sum)) return false;
    Node& packed = *root_of(sum)->producer;
    if (!is_none(packed.args[op->residual])) return false;
    Builder b(graph_, at);
    b.set_source(packed.source, other->name);
    Argument& place = other->type.sizes == sum->type.sizes ? packed.args[op->residual] : packed.args[kBias];
    if (!is_none(place)) return false;
    Value* operand = &place == &packed.args[kBias] ? as_bias(b, sum, other) : as_residual(b, sum, other);
    if (!operand) return false;
    place = operand;
    if (!takes(packed, [](const Value* v) { return v->type; })) {  // a copy of the residual would cost what the sum costs
      place = None{};
      return false;
    }
    move_down(packed, at);
    if (sum != root_of(sum)) move_down(*sum->producer, at);
    replace_by(at, sum, root_of(sum));
    return true;
  }

  // `other`, which is added to the view `sum`, as it is added to the root.
  static Value* as_residual(Builder& b, Value* sum, Value* other) {
    return b.try_view(b.permute(other, *order_of(sum)), root_of(sum)->type.sizes);
  }
  // The same for a constant that is broadcast and differs only along the root's last dimension.
  Value* as_bias(Builder& b, Value* sum, Value* other) {
    const Sizes& sizes = sum->type.sizes;
    const SymInt columns = root_of(sum)->type.sizes.back();
    if (root_of(other)->kind != Value::Kind::Constant || !columns.is_fixed() || has_symbols(*other)) return nullptr;
    std::vector<int64_t> order = *order_of(sum);
    while (order.size() > 1 && sizes[static_cast<size_t>(order.back())] == 1) order.pop_back();
    if (order.empty() || sizes[static_cast<size_t>(order.back())] != columns) return nullptr;
    const Value* all = b.expand(other, sizes);
    SymInt step = 0;
    for (size_t d = 0; d < sizes.size(); ++d) {
      if (d == static_cast<size_t>(order.back()))
        step = all->type.strides[d];
      else if (sizes[d] != 1 && all->type.strides[d] != 0)
        return nullptr;
    }
    const Value* row = b.strided(other, {columns}, {step}, view_offset(all));
    return graph_.add_constant(root_of(other)->name + "_bias", TensorType(DType::F32, {columns}), gather(row, {}));
  }

  void move_down(Node& node, Graph::NodeList::iterator to) {
    const auto at = std::find_if(graph_.nodes.begin(), graph_.nodes.end(), [&](const auto& n) { return n.get() == &node; });
    graph_.nodes.splice(to, graph_.nodes, at);
  }

  // Afterwards the packed op, whose result `packed` is what `v` shows, computes what the node did. It stays where the model has the layer,
  // but is the node's result.
  void replace_by(Graph::NodeList::iterator at, Value* v, Value* packed) {
    Value* result = (*at)->results[0];
    std::shared_ptr<const Source>& source = packed->producer->source;
    if (source && (*at)->source) {
      auto both = std::make_shared<Source>(*source);
      both->node = (*at)->source->node;
      source = v == packed ? std::move(both) : in_other_form(both, "packed");
    }
    if (v != packed) graph_.rename(packed, result->name + "_packed");  // it is no longer what its name says
    replace_by_view(graph_, result, v);
    result->producer = nullptr;
    graph_.nodes.erase(at);
  }

  Graph& graph_;
  std::unordered_map<const Value*, int> uses_;
};

}  // namespace

extern const Pass fuse_epilogue;
constinit const Pass fuse_epilogue = {"fuse-epilogue", "activations and residuals into the ops over packed weights before them",
                                      [](Graph& graph) { return Fuser(graph).run(); }, true, true};

}  // namespace etc::compile::passes
