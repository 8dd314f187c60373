// The compile side of the backend "xnnpack": what XNNPACK's subgraphs of f32 can express. Images are N H W C inside.
#include "backends/graph/write.h"

namespace etc::compile {
namespace {

using graph::Kind;

constexpr uint64_t kInstanceBytes = 64;  // a pointer to what the library holds
constexpr uint64_t kExtraBytes = 16;     // XNNPACK reads so far beyond its tensors

bool is_image(const Value* v) { return v->type.sizes.size() == 4; }

bool is_known(Kind kind) {
  switch (kind) {
    case Kind::Tanh:
    case Kind::Gelu:
    case Kind::LayerNorm: return false;
    default: return true;
  }
}

// Beside 4-D images lie tensors in PyTorch's order: where one becomes the other, their bytes must agree.
std::string refusal_of_layout(const GraphNode& n) {
  const Value *x = n.operands[0], *y = n.result;
  switch (n.record.kind) {
    case Kind::Linear: return is_image(x) ? "a matrix product over four dimensions" : "";
    case Kind::Softmax: return is_image(x) ? "a softmax over four dimensions" : "";
    case Kind::Add:
    case Kind::Subtract:
    case Kind::Multiply:
    case Kind::Divide:
      for (const Value* v : n.operands)
        if (is_image(y) && !is_image(v) && v->type.numel() != 1) return "an image and a tensor of lower rank";
      return "";
    case Kind::Reshape:
      for (const Value* v : {x, y})
        if (is_image(v) && (v->type.sizes[2] != 1 || v->type.sizes[3] != 1)) return "a reshaped image";
      return "";
    default: return "";
  }
}

std::string refusal_of_numbers(const GraphNode& n) {
  const int32_t* k = n.record.numbers;
  switch (n.record.kind) {
    case Kind::Clamp: return n.record.reals[0] < n.record.reals[1] ? "" : "an empty range";
    case Kind::MaxPool: return k[0] * k[1] == 1 || k[2] > k[0] || k[3] > k[1] ? "a window smaller than its stride, or of one element" : "";
    case Kind::AveragePool:
      if (k[0] * k[1] == 1 || k[2] > k[0] || k[3] > k[1]) return "a window smaller than its stride, or of one element";
      return k[8] == 1 && (k[4] || k[5]) ? "padding that counts" : "";
    default: return "";
  }
}

std::string refusal(const Node& node, const Uses& uses) {
  GraphNode n;
  if (std::string reason = translate(node, uses, &n); !reason.empty()) return reason;
  if (!is_known(n.record.kind)) return "XNNPACK has no such op";
  if (std::string reason = refusal_of_layout(n); !reason.empty()) return reason;
  return refusal_of_numbers(n);
}

std::string refusal_of_subgraph(const Subgraph& s) {
  for (const Node* node : s.nodes)
    if (node->op == "aten::convolution" || node->op == "aten::linear") return "";
  return "no convolution or matrix product beside it";
}

Lowered lower(const Subgraph& s, const Uses& uses) {
  Lowered lowered = write_blob(s, uses);
  lowered.instance_bytes = kInstanceBytes;
  lowered.workspace_bytes = staging_bytes(s, kExtraBytes);  // what lies between nodes is the library's
  return lowered;
}

}  // namespace

extern const Backend xnnpack_backend;
constinit const Backend xnnpack_backend = {"xnnpack", "XNNPACK's f32 kernels for convolutional networks and matrix products", refusal,
                                           refusal_of_subgraph, lower};

}  // namespace etc::compile
