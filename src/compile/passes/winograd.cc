// Convolutions of 3 x 3 pixels with strides of 1 over packed weights become Winograd's: fewer products for more bytes of weights.
#include <array>

#include "ir/builder.h"
#include "ir/interpret.h"
#include "ir/one_op.h"
#include "ops/cpu/packed.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

// With fewer channels, what the transforms cost is more than what the products save.
constexpr int64_t kFewChannels = 32;
// With fewer pixels, what the weights cost on their way from memory: 16/9 as many, or with F(4x4) four times.
constexpr int64_t kFewPixels = 64, kFewPixelsOfFour = 512;

bool is(const Argument& a, std::array<int64_t, 2> numbers) {
  auto* list = std::get_if<std::vector<int64_t>>(&a);
  return list && *list == std::vector<int64_t>(numbers.begin(), numbers.end());
}

class Transformer {
 public:
  explicit Transformer(Graph& graph) : graph_(graph) {}

  bool run() {
    if (!find_kernel_op("etc::winograd_conv2d")) return false;
    bool changed = false;
    for (const auto& node : graph_.nodes) {
      if (node->op != "etc::packed_conv2d" || node->is_external() || !transform(*node)) continue;
      graph_.forget_unused_constants();
      changed = true;
    }
    return changed;
  }

 private:
  enum Position { kX, kWeight, kBias, kResidual, kChannels, kKernel, kStride, kPadding, kDilation, kActivation };

  bool transform(Node& node) {
    const Value *x = std::get<Value*>(node.args[kX]), *weight = std::get<Value*>(node.args[kWeight]);
    const auto* n = std::get_if<int64_t>(&node.args[kChannels]);
    const auto* padding = std::get_if<std::vector<int64_t>>(&node.args[kPadding]);
    if (!n || !padding || padding->size() != 2 || !is(node.args[kKernel], {3, 3}) || !is(node.args[kStride], {1, 1}) ||
        !is(node.args[kDilation], {1, 1}))
      return false;
    if ((*padding)[0] > 2 || (*padding)[1] > 2 || weight->kind != Value::Kind::Constant || !x->type.sizes[3].is_fixed()) return false;
    const int64_t channels = x->type.sizes[3];
    if (channels < kFewChannels || *n < kFewChannels) return false;
    const TensorType& y = node.results[0]->type;
    int64_t pixels = kFewPixels;
    if (y.sizes.is_fixed()) pixels = y.numel() / *n;
    if (pixels < kFewPixels) return false;
    node.op = "etc::winograd_conv2d";
    node.args = {node.args[kX],         transformed(weight, *n, channels, pixels < kFewPixelsOfFour ? 2 : 4),
                 node.args[kBias],      node.args[kResidual],
                 node.args[kChannels],  node.args[kPadding],
                 node.args[kActivation]};
    return true;
  }

  Value* transformed(const Value* weight, int64_t n, int64_t channels, int64_t m) {
    const auto* panels = reinterpret_cast<const float*>(weight->constant.data);
    const auto element = [&](int64_t output, int64_t ky, int64_t kx, int64_t channel) {
      return panels[((output / cpu::kPanel * 9 + ky * 3 + kx) * channels + channel) * cpu::kPanel + output % cpu::kPanel];
    };
    return add_floats(graph_, weight->name + "_winograd", {cpu::winograd_points(m), cpu::panels_of(n), channels, cpu::kPanel},
                      [&](float* points) { cpu::pack_winograd(m, n, channels, element, points); });
  }

  Graph& graph_;
};

}  // namespace

extern const Pass winograd;
constinit const Pass winograd = {"winograd",
                                 "3 x 3 convolutions by Winograd's algorithm, with --optimize-for latency",
                                 [](Graph& graph) { return Transformer(graph).run(); },
                                 true,
                                 true,
                                 true};

}  // namespace etc::compile::passes
