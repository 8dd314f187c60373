// Makes one op of a convolution, the depthwise one over its result and, if it follows, that of single pixels: etc::packed_conv_depthwise2d,
// which has some lines of what lies between at a time. What is smaller than a cache goes from op to op faster.
#include "ir/one_op.h"
#include "ir/views.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

constexpr int64_t kFar = 1 << 20;  // bytes of an image's inner value: about a second cache

class Fuser {
 public:
  explicit Fuser(Graph& graph) : graph_(graph), uses_(graph.use_counts()) {}

  bool run() {
    if (!find_kernel_op("etc::packed_conv_depthwise2d")) return false;
    const auto consumers = consumers_of(graph_);
    bool changed = false;
    for (const auto& node : graph_.nodes) {
      if (node->op != "etc::packed_depthwise2d" || node->is_external()) continue;
      const Node* first = maker(*node, "etc::packed_conv2d");
      if (!first || !is_far(first->results[0]->type) || !std::holds_alternative<None>(first->args[kResidual])) continue;
      fuse(*first, *node, points_over(*node, consumers));
      changed = true;
    }
    return changed;
  }

 private:
  // Of etc::packed_conv2d.
  enum Position { kX, kWeight, kBias, kResidual, kChannels, kKernel, kStride, kPadding, kDilation, kActivation };

  static bool is_far(const TensorType& inner) {
    int64_t bytes = sizeof(float);
    for (size_t d = 1; d < 4; ++d)
      if (!inner.sizes[d].is_fixed() || !checked_multiply(bytes, inner.sizes[d], &bytes)) return false;
    return bytes >= kFar;
  }

  // The node of this op whose whole result is the x of `node` and of nobody else.
  const Node* maker(const Node& node, const char* op) const {
    auto* x = std::get<Value*>(node.args[kX]);
    const Value* root = root_of(x);
    if (!root->producer || root->producer->op != op || uses_.at(root) != 1 || uses_.at(x) != 1) return nullptr;
    if (x->type.sizes != root->type.sizes) return nullptr;  // else it begins where that does
    return same_strides(x->type.sizes, x->type.strides, root->type.strides) ? root->producer : nullptr;
  }

  // The convolution of single pixels over the result of `node`, if that has no other use.
  Node* points_over(const Node& node, const std::unordered_map<const Value*, std::vector<Node*>>& consumers) const {
    const Value* y = node.results[0];
    for (auto it = consumers.find(y); it != consumers.end() && it->second.size() == 1; it = consumers.find(y)) {
      Node& next = *it->second.front();
      if (next.op != "etc::view") return is_of_points(next) && maker(next, node.op.c_str()) == &node ? &next : nullptr;
      y = next.results[0];
    }
    return nullptr;
  }
  static bool is_of_points(const Node& node) {
    if (node.op != "etc::packed_conv2d" || node.is_external()) return false;
    for (const auto& [position, number] : {std::pair{kKernel, 1}, std::pair{kStride, 1}, std::pair{kPadding, 0}}) {
      const auto* list = std::get_if<std::vector<int64_t>>(&node.args[position]);
      if (!list || list->empty()) return false;
      for (const int64_t n : *list)
        if (n != number) return false;
    }
    return true;
  }

  static void fuse(const Node& first, Node& depthwise, Node* points) {
    const std::vector<Argument>&a = first.args, &d = depthwise.args;
    std::vector<Argument> args = {a[kX],      None{},     a[kWeight],  a[kBias],     a[kChannels],
                                  a[kKernel], a[kStride], a[kPadding], a[kDilation], a[kActivation]};
    args.insert(args.end(), d.begin() + kWeight, d.end());
    if (points) {
      args[1] = points->args[kResidual];
      args.insert(args.end(), {points->args[kWeight], points->args[kBias], points->args[kChannels], points->args[kActivation]});
    } else {
      args.insert(args.end(), {None{}, None{}, int64_t{0}, std::string("none")});
    }
    Node& fused = points ? *points : depthwise;
    fused.op = "etc::packed_conv_depthwise2d";
    fused.args = std::move(args);
  }

  Graph& graph_;
  std::unordered_map<const Value*, int> uses_;
};

}  // namespace

extern const Pass fuse_blocks;
constinit const Pass fuse_blocks = {"fuse-blocks", "a convolution, the depthwise one after it and the next, where their values are large",
                                    [](Graph& graph) { return Fuser(graph).run(); }, true, true};

}  // namespace etc::compile::passes
