// Nodes of the IR in the words of the graph blob, and why others have none.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "backends/graph/write.h"

namespace etc::compile {
namespace {

using graph::Kind;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Value* tensor_of(const Argument& a) {
  auto* v = std::get_if<Value*>(&a);
  return v ? *v : nullptr;
}
bool is_constant(const Value* v) { return v && v->kind == Value::Kind::Constant; }
bool is_none(const Argument& a) { return std::holds_alternative<None>(a); }

std::optional<double> number(const Argument& a) {
  if (auto* d = std::get_if<double>(&a)) return *d;
  if (auto* n = std::get_if<int64_t>(&a)) return static_cast<double>(*n);
  if (auto* b = std::get_if<bool>(&a)) return *b;
  return std::nullopt;
}

// A list of two numbers of this node's, as the blob holds it.
bool pair(const Argument& a, int32_t* numbers) {
  auto* list = std::get_if<std::vector<int64_t>>(&a);
  if (!list || list->empty() || list->size() > 2) return false;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t n = (*list)[list->size() == 1 ? 0 : i];
    if (n < 0 || n > (1 << 20)) return false;
    numbers[i] = static_cast<int32_t>(n);
  }
  return true;
}

std::string convolution(const Node& node, GraphNode* out) {
  const Value *x = tensor_of(node.args[0]), *w = tensor_of(node.args[1]);
  if (x->type.sizes.size() != 4) return "only 2-D convolutions with a batch";
  if (!is_constant(w) || (!is_none(node.args[2]) && !is_constant(tensor_of(node.args[2])))) return "its weights are no constants";
  if (number(node.args[6]).value_or(1) != 0) return "transposed convolution";
  int32_t* n = out->record.numbers;
  const auto* groups = std::get_if<int64_t>(&node.args[8]);
  if (!pair(node.args[3], n) || !pair(node.args[4], n + 2) || !pair(node.args[5], n + 4) || !groups)
    return "its parameters are no constants";
  n[6] = static_cast<int32_t>(*groups);
  out->record.kind = Kind::Convolution;
  out->operands = {x, w, tensor_of(node.args[2])};
  return "";
}

std::string linear(const Node& node, GraphNode* out) {
  const Value* w = tensor_of(node.args[1]);
  if (!is_constant(w) || (!is_none(node.args[2]) && !is_constant(tensor_of(node.args[2])))) return "its weights are no constants";
  if (w->type.sizes.size() != 2) return "its weight is no matrix";
  out->record.kind = Kind::Linear;
  out->operands = {tensor_of(node.args[0]), w, tensor_of(node.args[2])};
  return "";
}

template <Kind kKind>
std::string binary(const Node& node, GraphNode* out) {
  if (node.args.size() > 2 && number(node.args[2]).value_or(0) != 1) return "its alpha is not 1";
  if (!tensor_of(node.args[0]) || !tensor_of(node.args[1])) return "an operand is a number";
  out->record.kind = kKind;
  out->operands = {tensor_of(node.args[0]), tensor_of(node.args[1])};
  return "";
}

template <Kind kKind>
std::string unary(const Node& node, GraphNode* out) {
  out->record.kind = kKind;
  out->operands = {tensor_of(node.args[0])};
  return "";
}

std::string relu(const Node& node, GraphNode* out) {
  out->record.reals[0] = 0, out->record.reals[1] = kInfinity;
  return unary<Kind::Clamp>(node, out);
}

std::string clamp(const Node& node, GraphNode* out) {
  const auto bound = [&](size_t i, float otherwise) {
    return is_none(node.args[i]) ? otherwise : static_cast<float>(number(node.args[i]).value_or(NAN));
  };
  out->record.reals[0] = bound(1, -kInfinity), out->record.reals[1] = bound(2, kInfinity);
  if (!(out->record.reals[0] <= out->record.reals[1])) return "its bounds are no numbers in order";
  return unary<Kind::Clamp>(node, out);
}

std::string gelu(const Node& node, GraphNode* out) {
  if (auto* how = std::get_if<std::string>(&node.args[1]); !how || *how != "none") return "an approximate gelu";
  return unary<Kind::Gelu>(node, out);
}

// Windows of a pool that PyTorch's rules let into the padding need ceil_mode.
std::string pool(const Node& node, GraphNode* out, size_t ceil_mode) {
  if (tensor_of(node.args[0])->type.sizes.size() != 4) return "only 2-D pooling with a batch";
  if (number(node.args[ceil_mode]).value_or(1) != 0) return "ceil_mode";
  int32_t* n = out->record.numbers;
  auto* stride = std::get_if<std::vector<int64_t>>(&node.args[2]);
  const bool ok =
      pair(node.args[1], n) && stride && pair(stride->empty() ? node.args[1] : node.args[2], n + 2) && pair(node.args[3], n + 4);
  return ok ? "" : "its parameters are no constants";
}

std::string max_pool(const Node& node, GraphNode* out) {
  if (!pair(node.args[4], out->record.numbers + 6)) return "its parameters are no constants";
  unary<Kind::MaxPool>(node, out);
  return pool(node, out, 5);
}

std::string average_pool(const Node& node, GraphNode* out) {
  if (node.args.size() > 6 && !is_none(node.args[6])) return "a divisor of its own";
  out->record.numbers[8] = number(node.args[5]).value_or(1) != 0;
  unary<Kind::AveragePool>(node, out);
  return pool(node, out, 4);
}

std::string mean(const Node& node, GraphNode* out) {
  auto* dims = std::get_if<std::vector<int64_t>>(&node.args[1]);
  if (!dims || dims->size() != 2 || tensor_of(node.args[0])->type.sizes.size() != 4) return "only the mean over height and width";
  const int64_t first = std::min((*dims)[0], (*dims)[1]), second = std::max((*dims)[0], (*dims)[1]);
  if ((first != -2 && first != 2) || (second != -1 && second != 3)) return "only the mean over height and width";
  if (number(node.args[2]).value_or(0) == 0) return "only a mean that keeps its dimensions";
  return unary<Kind::Mean>(node, out);
}

std::string softmax(const Node& node, GraphNode* out) {
  auto* dim = std::get_if<int64_t>(&node.args[1]);
  const auto rank = static_cast<int64_t>(node.results[0]->type.sizes.size());
  if (!dim || (*dim != -1 && *dim != rank - 1)) return "only over the last dimension";
  return unary<Kind::Softmax>(node, out);
}

std::string layer_norm(const Node& node, GraphNode* out) {
  auto* sizes = std::get_if<std::vector<int64_t>>(&node.args[1]);
  if (!sizes || sizes->size() != 1) return "only over the last dimension";
  for (size_t i : {2, 3})
    if (!is_none(node.args[i]) && !is_constant(tensor_of(node.args[i]))) return "its weights are no constants";
  out->record.reals[0] = static_cast<float>(number(node.args[4]).value_or(0));
  out->record.kind = Kind::LayerNorm;
  out->operands = {tensor_of(node.args[0]), tensor_of(node.args[2]), tensor_of(node.args[3])};
  return "";
}

std::string view(const Node& node, GraphNode* out) {
  const Value *x = tensor_of(node.args[0]), *y = node.results[0];
  if (!y->type.is_contiguous() || y->type.bytes() != x->type.bytes() || x->type.dtype != y->type.dtype) return "a view of a part";
  return unary<Kind::Reshape>(node, out);
}

struct Translation {
  const char* op;
  std::string (*translate)(const Node&, GraphNode*);
};
constexpr Translation kTranslations[] = {
    {"aten::convolution", convolution},
    {"aten::linear", linear},
    {"aten::add.Tensor", binary<Kind::Add>},
    {"aten::sub.Tensor", binary<Kind::Subtract>},
    {"aten::mul.Tensor", binary<Kind::Multiply>},
    {"aten::div.Tensor", binary<Kind::Divide>},
    {"aten::relu", relu},
    {"aten::hardtanh", clamp},
    {"aten::clamp", clamp},
    {"aten::sigmoid", unary<Kind::Sigmoid>},
    {"aten::tanh", unary<Kind::Tanh>},
    {"aten::gelu", gelu},
    {"aten::hardswish", unary<Kind::HardSwish>},
    {"aten::max_pool2d_with_indices", max_pool},
    {"aten::avg_pool2d", average_pool},
    {"aten::mean.dim", mean},
    {"aten::_softmax", softmax},
    {"aten::native_layer_norm", layer_norm},
    {"etc::view", view},
};

// What holds for every node of a blob.
std::string refusal_of_types(const Node& node, const Uses& uses, const GraphNode& translated) {
  for (size_t r = 1; r < node.results.size(); ++r)
    if (uses.count(node.results[r])) return "its result " + std::to_string(r) + " is used";
  std::vector<const Value*> all = translated.operands;
  all.push_back(translated.result);
  for (const Value* v : all) {
    if (!v) continue;
    if (v->type.dtype != DType::F32) return "only f32";
    if (v->type.sizes.size() > graph::kMaxBlobRank) return "more than 6 dimensions";
    for (const SymInt& size : v->type.sizes) {
      if (size.upper() <= 0) return "an empty tensor";
      if (size.upper() > std::numeric_limits<int32_t>::max()) return "a dimension of more than 2^31 elements";
    }
  }
  return "";
}

}  // namespace

std::string translate(const Node& node, const Uses& uses, GraphNode* out) {
  const auto found =
      std::find_if(std::begin(kTranslations), std::end(kTranslations), [&](const Translation& t) { return node.op == t.op; });
  if (found == std::end(kTranslations)) return "the backend does not know this op";
  out->result = node.results[0];
  if (std::string reason = found->translate(node, out); !reason.empty()) return reason;
  return refusal_of_types(node, uses, *out);
}

}  // namespace etc::compile
