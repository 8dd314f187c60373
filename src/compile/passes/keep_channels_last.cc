// Keeps images [n, height, width, channels] in memory from one convolution to the next.
//
// Convolutions over packed weights show their images through a view, permuted to PyTorch's [n, channels, height, width]. What is computed
// of such a view, element by element, padded or joined, is computed of the permuted operands instead, in the order in which they lie,
// and its users see a view again: op(permute(y)) becomes permute(op(y)). Where the next convolution permutes back, nothing is left.
#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "ir/builder.h"
#include "ir/one_op.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

// Ops whose every element depends on the operands' elements at its place alone, with broadcasting.
bool is_pointwise(const Node& node) {
  static const std::unordered_set<std::string_view> names = {
      "aten::abs",
      "aten::acos",
      "aten::acosh",
      "aten::add.Tensor",
      "aten::asin",
      "aten::asinh",
      "aten::atan",
      "aten::atan2",
      "aten::atanh",
      "aten::bitwise_and.Tensor",
      "aten::bitwise_left_shift.Tensor",
      "aten::bitwise_not",
      "aten::bitwise_or.Tensor",
      "aten::bitwise_right_shift.Tensor",
      "aten::bitwise_xor.Tensor",
      "aten::ceil",
      "aten::clamp",
      "aten::clamp.Tensor",
      "aten::copysign.Tensor",
      "aten::cos",
      "aten::cosh",
      "aten::div.Tensor",
      "aten::div.Tensor_mode",
      "aten::elu",
      "aten::eq.Tensor",
      "aten::erf",
      "aten::erfc",
      "aten::exp",
      "aten::exp2",
      "aten::expm1",
      "aten::floor",
      "aten::fmod.Tensor",
      "aten::ge.Tensor",
      "aten::gelu",
      "aten::gt.Tensor",
      "aten::hardsigmoid",
      "aten::hardswish",
      "aten::hardtanh",
      "aten::hypot",
      "aten::isinf",
      "aten::isnan",
      "aten::le.Tensor",
      "aten::leaky_relu",
      "aten::lerp.Tensor",
      "aten::log",
      "aten::log10",
      "aten::log1p",
      "aten::log2",
      "aten::logical_and",
      "aten::logical_not",
      "aten::logical_or",
      "aten::logical_xor",
      "aten::lt.Tensor",
      "aten::maximum",
      "aten::minimum",
      "aten::mish",
      "aten::mul.Tensor",
      "aten::nan_to_num",
      "aten::ne.Tensor",
      "aten::neg",
      "aten::pow.Tensor_Tensor",
      "aten::reciprocal",
      "aten::relu",
      "aten::remainder.Tensor",
      "aten::round",
      "aten::round.decimals",
      "aten::rsqrt",
      "aten::sigmoid",
      "aten::sign",
      "aten::silu",
      "aten::sin",
      "aten::sinh",
      "aten::softplus",
      "aten::sqrt",
      "aten::sub.Tensor",
      "aten::tan",
      "aten::tanh",
      "aten::trunc",
      "aten::where.self",
      "etc::cast",
  };
  return names.count(node.op) != 0;
}

size_t rank_of(const Value* v) { return v->type.sizes.size(); }

// [n, c, h, w] as [n, h, w, c], for any rank.
std::vector<int64_t> channels_last(size_t rank) {
  std::vector<int64_t> order = {0};
  for (size_t d = 2; d < rank; ++d) order.push_back(static_cast<int64_t>(d));
  order.push_back(1);
  return order;
}
std::vector<int64_t> channels_second(size_t rank) {
  std::vector<int64_t> order = {0, static_cast<int64_t>(rank) - 1};
  for (size_t d = 1; d + 1 < rank; ++d) order.push_back(static_cast<int64_t>(d));
  return order;
}

class Keeper {
 public:
  explicit Keeper(Graph& graph) : graph_(graph) {}

  bool run() {
    bool changed = false;
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end();) {
      const auto at = it++;
      changed |= keep(at);
    }
    return changed;
  }

 private:
  bool keep(Graph::NodeList::iterator at) {
    const Node& node = **at;
    if (node.is_external() || node.results.empty()) return false;
    if (is_pointwise(node)) return pointwise(at);
    if (node.op == "aten::cat") return cat(at);
    if (node.op == "aten::constant_pad_nd") return pad(at);
    if (node.op == "aten::max_pool2d_with_indices") return pool(at, "etc::max_pool2d_nhwc");
    if (node.op == "aten::avg_pool2d") return pool(at, "etc::avg_pool2d_nhwc");
    return false;
  }

  // Channels one behind the other in what a kernel over images, this pass or the caller laid so: any transposed view looks like that.
  bool lies_channels_last(Value* v) const {
    if (rank_of(v) < 3 || v->type.sizes[1] == 1 || v->type.strides[1] != 1 || v->type.is_contiguous()) return false;
    static const std::unordered_set<std::string_view> images = {"etc::packed_conv2d", "etc::packed_conv_transpose2d",
                                                                "etc::packed_depthwise2d"};
    const Node* producer = root_of(v)->producer;
    if (producer && producer->op == "etc::copy") producer = root_of(tensor_argument(*producer, 0))->producer;
    return !producer || images.count(producer->op) != 0 || made_.count(producer) != 0;
  }

  // As many operands of the result's sizes lie with channels last as lie otherwise, not counting constants.
  bool is_worth_it(const Node& node) const {
    const Value* result = node.results[0];
    int balance = 0;
    bool any = false;
    for_each_operand(node, [&](Value* v) {
      if (rank_of(v) != rank_of(result) || (node.op != "aten::cat" && v->type.sizes != result->type.sizes)) return;
      const bool is_last = lies_channels_last(v);
      any = any || is_last;
      if (root_of(v)->kind != Value::Kind::Constant) balance += is_last ? 1 : -1;
    });
    return any && balance >= 0;
  }

  static Builder builder_at(Graph& graph, Graph::NodeList::iterator at) {
    Builder b(graph, at);
    b.set_source((*at)->source, (*at)->results[0]->name);
    return b;
  }

  // Puts op(args), whose result has the permuted sizes, in the place of the node.
  void replace(Graph::NodeList::iterator at, Builder& b, const std::string& op, std::vector<Argument> args) {
    Value* result = (*at)->results[0];
    const size_t rank = rank_of(result);
    Sizes sizes;
    for (int64_t d : channels_last(rank)) sizes.push_back(result->type.sizes[static_cast<size_t>(d)]);
    const TensorType type(result->type.dtype, std::move(sizes));
    Node* node = graph_.insert_node(at, op, std::move(args), {type}, in_other_form((*at)->source, "nhwc"), result->name + "_nhwc");
    made_.insert(node);
    replace_by_view(graph_, result, b.permute(node->results[0], channels_second(rank)));
    for (Value* r : (*at)->results) r->producer = nullptr;
    graph_.nodes.erase(at);
  }

  bool pointwise(Graph::NodeList::iterator at) {
    if (!is_worth_it(**at)) return false;
    Builder b = builder_at(graph_, at);
    const size_t rank = rank_of((*at)->results[0]);
    Node node;
    node.args = (*at)->args;
    for_each_operand(node, [&](Value*& v) {
      if (v->type.numel() == 1) return;
      while (rank_of(v) < rank) v = b.unsqueeze(v, 0);
      v = b.permute(v, channels_last(rank));
    });
    replace(at, b, (*at)->op, std::move(node.args));
    return true;
  }

  bool cat(Graph::NodeList::iterator at) {
    const size_t rank = rank_of((*at)->results[0]);
    const Values& list = std::get<Values>((*at)->args[0]);
    if (!is_worth_it(**at) || std::any_of(list.begin(), list.end(), [&](const Value* v) { return rank_of(v) != rank; })) return false;
    const std::vector<int64_t> order = channels_last(rank);
    const int64_t dim = wrap_dim(std::get<int64_t>((*at)->args[1]), static_cast<int64_t>(rank));
    Builder b = builder_at(graph_, at);
    Values permuted;
    for (Value* v : list) permuted.push_back(b.permute(v, order));
    replace(at, b, "aten::cat", {permuted, static_cast<int64_t>(std::find(order.begin(), order.end(), dim) - order.begin())});
    return true;
  }

  // Pads come in pairs, those of the last dimension first.
  bool pad(Graph::NodeList::iterator at) {
    if (!is_worth_a_look(**at)) return false;
    const std::vector<Argument>& args = (*at)->args;
    auto* x = std::get<Value*>(args[0]);
    const size_t rank = rank_of(x);
    Sizes pads = syms_of(args[1]), permuted;
    pads.resize(2 * rank, SymInt(0));
    const std::vector<int64_t> order = channels_last(rank);
    for (size_t i = rank; i-- > 0;)
      for (size_t side : {0u, 1u}) permuted.push_back(pads[2 * (rank - 1 - static_cast<size_t>(order[i])) + side]);
    Builder b = builder_at(graph_, at);
    replace(at, b, "aten::constant_pad_nd", {b.permute(x, order), permuted, args[2]});
    return true;
  }
  bool is_worth_a_look(const Node& node) const { return lies_channels_last(std::get<Value*>(node.args[0])); }

  // Windows that slide: kernel_size, stride, padding, in the largest pool dilation, ceil_mode; where that makes no difference.
  bool pool(Graph::NodeList::iterator at, const char* op) {
    const Node& node = **at;
    auto* x = std::get<Value*>(node.args[0]);
    const bool is_max = node.results.size() == 2;
    if (!find_kernel_op(op) || rank_of(x) != 4 || x->type.dtype != DType::F32 || !is_worth_a_look(node)) return false;
    if (is_max && graph_.use_counts()[node.results[1]] != 0) return false;
    std::vector<int64_t> lists[4] = {{}, {}, {}, {1}};
    for (size_t i = 0; i < (is_max ? 4 : 3); ++i) {
      auto* list = std::get_if<std::vector<int64_t>>(&node.args[i + 1]);
      if (!list) return false;
      lists[i] = *list;
    }
    if (lists[1].empty()) lists[1] = lists[0];
    for (std::vector<int64_t>& list : lists)
      if (list.size() == 1) list.push_back(list.front());
    for (size_t d = 0; d < 2; ++d) {
      const SymInt rest = x->type.sizes[2 + d] + (2 * lists[2][d] - lists[3][d] * (lists[0][d] - 1) - 1);
      if (floor_div(rest, lists[1][d]) + 1 != node.results[0]->type.sizes[2 + d]) return false;
    }
    Builder b = builder_at(graph_, at);
    std::vector<Argument> args = {b.permute(x, channels_last(4)), lists[0], lists[1], lists[2]};
    if (is_max)
      args.emplace_back(lists[3]);
    else
      args.insert(args.end(), {node.args[5], node.args[6]});
    replace(at, b, op, std::move(args));
    return true;
  }

  Graph& graph_;
  std::unordered_set<const Node*> made_;
};

}  // namespace

extern const Pass keep_channels_last;
constinit const Pass keep_channels_last = {"keep-channels-last", "compute images in the order in which convolutions leave them",
                                           [](Graph& graph) { return Keeper(graph).run(); }, true, true};

}  // namespace etc::compile::passes
