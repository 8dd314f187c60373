// Convolutions over packed weights whose image has few channels, each a plane of its own as PyTorch has them, read it as it lies: the
// weight is packed in the order of the planes, and legalise has no copy to make.
#include <algorithm>

#include "ops/cpu/packed.h"
#include "ops/cpu/planes.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

constexpr int64_t kFewChannels = 4;  // of more, pixels of all channels are read as fast, and copied once

class Reader {
 public:
  explicit Reader(Graph& graph) : graph_(graph) {}

  bool run() {
    bool changed = false;
    for (const auto& node : graph_.nodes) {
      if (node->op != "etc::packed_conv2d" || node->is_external() || !read(*node)) continue;
      graph_.forget_unused_constants();
      changed = true;
    }
    return changed;
  }

 private:
  enum Position { kX, kWeight, kBias, kResidual, kChannels, kKernel, kStride, kPadding, kDilation };

  bool read(Node& node) {
    const Value *x = std::get<Value*>(node.args[kX]), *weight = std::get<Value*>(node.args[kWeight]);
    const Sizes &sizes = x->type.sizes, &strides = x->type.strides;
    if (weight->kind != Value::Kind::Constant || weight->type.sizes.size() != 3 || !sizes[3].is_fixed()) return false;
    const int64_t channels = sizes[3];
    if (channels < 2 || channels > kFewChannels || strides[2] != 1 || strides[3] == 1) return false;
    if (!std::holds_alternative<None>(node.args[kResidual]) || !has_small_windows(node, channels)) return false;
    node.args[kWeight] = in_planes(weight, channels, weight->type.sizes[1] / channels);
    return true;
  }

  static bool has_small_windows(const Node& node, int64_t channels) {
    cpu::Geometry g{};
    for (const auto& [position, numbers] : {std::pair{kKernel, g.kernel}, std::pair{kStride, g.stride}, std::pair{kDilation, g.dilation}}) {
      const auto* list = std::get_if<std::vector<int64_t>>(&node.args[position]);
      if (!list || list->size() != 2) return false;
      std::copy(list->begin(), list->end(), numbers);
    }
    return cpu::Planes::takes(g, channels);
  }

  Value* in_planes(const Value* weight, int64_t channels, int64_t taps) {
    const int64_t panels = weight->type.sizes[0], depth = channels * taps;
    const auto* from = reinterpret_cast<const float*>(weight->constant.data);
    return add_floats(graph_, weight->name + "_planes", {panels, channels, taps, cpu::kPanel}, [&](float* to) {
      for (int64_t panel = 0; panel < panels; ++panel, from += depth * cpu::kPanel)
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t tap = 0; tap < taps; ++tap, to += cpu::kPanel)
            std::copy_n(from + (tap * channels + c) * cpu::kPanel, cpu::kPanel, to);
    });
  }

  Graph& graph_;
};

}  // namespace

extern const Pass read_planes;
constinit const Pass read_planes = {"read-planes", "images of few channels as they lie, without a copy of them",
                                    [](Graph& graph) { return Reader(graph).run(); }, true, true};

}  // namespace etc::compile::passes
