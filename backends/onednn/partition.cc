// The compile side of the backend "onednn": what oneDNN's f32 primitives can express. Images are N H W C inside.
#include "backends/graph/write.h"

namespace etc::compile {
namespace {

using graph::Kind;

constexpr uint64_t kInstanceBytes = 64;  // a pointer to what the library holds

bool is_image(const Value* v) { return v->type.sizes.size() == 4; }

// Images lie in an order of their own: what looks at a tensor as a matrix wants another.
std::string refusal_of_layout(const GraphNode& n) {
  const Value *x = n.operands[0], *y = n.result;
  switch (n.record.kind) {
    case Kind::Linear: return is_image(x) ? "a matrix product over four dimensions" : "";
    case Kind::LayerNorm: return is_image(x) ? "a norm over four dimensions" : "";
    case Kind::Reshape:
      for (const Value* v : {x, y})
        if (is_image(v) && (v->type.sizes[2] != 1 || v->type.sizes[3] != 1)) return "a reshaped image";
      return "";
    default: return "";
  }
}

// oneDNN broadcasts the second operand only; sums and products do not care which it is.
std::string refusal_of_broadcast(const GraphNode& n) {
  const auto is_full = [&](size_t i) { return n.operands[i]->type.sizes == n.result->type.sizes; };
  switch (n.record.kind) {
    case Kind::Add:
    case Kind::Multiply: return is_full(0) || is_full(1) ? "" : "both operands are broadcast";
    case Kind::Subtract:
    case Kind::Divide: return is_full(0) ? "" : "its first operand is broadcast";
    default: return "";
  }
}

std::string refusal(const Node& node, const Uses& uses) {
  GraphNode n;
  if (std::string reason = translate(node, uses, &n); !reason.empty()) return reason;
  if (std::string reason = refusal_of_layout(n); !reason.empty()) return reason;
  return refusal_of_broadcast(n);
}

// Elementwise steps by themselves are not worth the copies.
std::string refusal_of_subgraph(const Subgraph& s) {
  for (const Node* node : s.nodes)
    for (const char* op : {"aten::convolution", "aten::linear", "aten::native_layer_norm", "aten::_softmax", "aten::gelu"})
      if (node->op == op) return "";
  return "no convolution, matrix product, norm or softmax beside it";
}

Lowered lower(const Subgraph& s, const Uses& uses) {
  Lowered lowered = write_blob(s, uses);
  lowered.instance_bytes = kInstanceBytes;
  lowered.workspace_bytes += staging_bytes(s, 0);  // after what lies between nodes
  return lowered;
}

}  // namespace

extern const Backend onednn_backend;
constinit const Backend onednn_backend = {"onednn", "oneDNN's f32 primitives for convolutional networks and transformers", refusal,
                                          refusal_of_subgraph, lower};

}  // namespace etc::compile
