#include "passes/narrow_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "ops/number.h"
#include "passes/rewrite.h"

namespace etc::compile {
namespace {

// Those that read weights of 16 bits, and where they have them.
struct PackedOp {
  const char* name;
  size_t weight;
};
constexpr PackedOp kOps[] = {{"etc::packed_conv2d", 1},
                             {"etc::packed_conv_transpose2d", 1},
                             {"etc::packed_embedding", 0},
                             {"etc::packed_linear", 1},
                             {"etc::packed_lstm", 1}};

// All of `from` as T; false when a finite number becomes infinite, which is then *beyond.
template <class T>
bool round_all(const float* from, size_t n, T* to, float* beyond) {
  for (size_t i = 0; i < n; ++i) {
    to[i] = T(from[i]);
    if (std::isfinite(from[i]) && !std::isfinite(static_cast<float>(to[i]))) {
      *beyond = from[i];
      return false;
    }
  }
  return true;
}

class Narrower {
 public:
  Narrower(Graph& graph, DType dtype, std::vector<std::string>* warnings) : graph_(graph), dtype_(dtype), warnings_(warnings) {}

  int run() {
    for (const auto& node : graph_.nodes) {
      const auto* op = std::find_if(std::begin(kOps), std::end(kOps), [&](const PackedOp& o) { return node->op == o.name; });
      if (node->is_external() || op == std::end(kOps)) continue;
      Value* weight = tensor_argument(*node, op->weight);
      if (weight->kind != Value::Kind::Constant || !is_f32(weight) || weight->type.sizes.size() > 3) continue;  // those of planes are small
      node->args[op->weight] = narrow(weight);
      graph_.forget_unused_constants();  // the next ones take as much memory
    }
    return count_;
  }

 private:
  // The weight in 16 bits, or itself.
  Value* narrow(Value* weight) {
    Value*& made = narrow_[weight];
    if (made) return made;
    const auto n = static_cast<size_t>(weight->type.numel());
    std::shared_ptr<uint16_t[]> memory(new uint16_t[n]);
    const auto* from = reinterpret_cast<const float*>(weight->constant.data);
    float beyond = 0;
    const bool fits = dtype_ == DType::BF16 ? round_all(from, n, reinterpret_cast<BFloat16*>(memory.get()), &beyond)
                                            : round_all(from, n, reinterpret_cast<Half*>(memory.get()), &beyond);
    if (!fits) {
      warn(*weight, beyond);
      return made = weight;
    }
    ++count_;
    const auto* first = reinterpret_cast<const std::byte*>(memory.get());
    const std::string name = weight->name + "_" + name_of(dtype_);
    return made = graph_.add_constant(name, TensorType(dtype_, weight->type.sizes), {std::move(memory), first, n * sizeof(uint16_t)});
  }

  void warn(const Value& weight, float beyond) {
    std::string name = weight.name;  // as the model has it
    if (name.ends_with("_packed")) name.resize(name.size() - 7);
    char number[32];
    std::snprintf(number, sizeof number, "%g", static_cast<double>(beyond));
    warnings_->push_back("the weight " + name + " stays f32: " + number + " is too large for " + name_of(dtype_));
  }

  Graph& graph_;
  const DType dtype_;
  std::vector<std::string>* warnings_;
  std::map<Value*, Value*> narrow_;
  int count_ = 0;
};

}  // namespace

int narrow_weights(Graph& graph, DType dtype, std::vector<std::string>* warnings) { return Narrower(graph, dtype, warnings).run(); }

}  // namespace etc::compile
