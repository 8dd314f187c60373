// Puts batch normalisation of constant statistics into the weights of the convolution or linear layer before it.
//
//   (w·x + b - mean) · s + beta, with s = gamma / sqrt(var + eps)   =   (w·s)·x + ((b - mean)·s + beta)
#include <cmath>
#include <cstring>

#include "ir/interpret.h"
#include "ops/number.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

template <class F>
bool with_float(DType dtype, F f) {
  switch (dtype) {
    case DType::F32: f(float{}); return true;
    case DType::F64: f(double{}); return true;
    case DType::F16: f(Half{}); return true;
    case DType::BF16: f(BFloat16{}); return true;
    default: return false;
  }
}

bool is_constant(Value* v) { return root_of(v)->kind == Value::Kind::Constant; }

std::vector<double> read(const Value* v) {
  const ConstantData data = gather(v, {});
  std::vector<double> numbers(static_cast<size_t>(v->type.numel()));
  with_float(v->type.dtype, [&](auto x) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      std::memcpy(&x, data.data + i * sizeof x, sizeof x);
      numbers[i] = static_cast<double>(load(&x));
    }
  });
  return numbers;
}

Value* write(Graph& graph, const std::string& name, const TensorType& type, const std::vector<double>& numbers) {
  std::vector<std::byte> bytes(static_cast<size_t>(type.bytes()));
  with_float(type.dtype, [&](auto x) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      store(&x, static_cast<ComputeType<decltype(x)>>(numbers[i]));
      std::memcpy(bytes.data() + i * sizeof x, &x, sizeof x);
    }
  });
  return graph.add_constant(name, type, ConstantData::copy_of(bytes.data(), bytes.size()));
}

bool is_finite(const std::vector<double>& numbers) {
  for (double n : numbers)
    if (!std::isfinite(n)) return false;
  return true;
}

// Which output channel each row of a weight belongs to; a row is `row` elements long.
struct Rows {
  std::vector<int64_t> channel;
  int64_t row = 1;
};
Rows rows_of(const Node& layer, const Sizes& weight) {
  Rows rows;
  for (size_t d = 2; d < weight.size(); ++d) rows.row *= weight[d];
  if (layer.op == "aten::convolution" && std::get<bool>(layer.args[6])) {  // transposed: [in, out / groups, ...]
    const int64_t groups = std::get<int64_t>(layer.args[8]);
    for (int64_t in = 0; in < weight[0]; ++in)
      for (int64_t out = 0; out < weight[1]; ++out) rows.channel.push_back(in / (weight[0] / groups) * weight[1] + out);
  } else {  // [out, in / groups, ...]
    rows.row *= weight[1];
    for (int64_t out = 0; out < weight[0]; ++out) rows.channel.push_back(out);
  }
  return rows;
}

// Changes the weights of `layer` so that it computes what `norm` made of its result. False when it cannot be.
bool fold(Graph& graph, Node& layer, const Node& norm) {
  Value* result = layer.results[0];
  const bool linear = layer.op == "aten::linear" && result->type.sizes.size() == 2;
  if (layer.is_external() || (!linear && layer.op != "aten::convolution")) return false;
  Value *weight = tensor_argument(layer, 1), *bias = tensor_argument(layer, 2);
  Value *gamma = tensor_argument(norm, 1), *beta = tensor_argument(norm, 2), *mean = tensor_argument(norm, 3), *variance = tensor_argument(norm, 4);
  for (Value* v : {weight, bias, gamma, beta, mean, variance})
    if (v && (!is_constant(v) || v->type.dtype != result->type.dtype || !with_float(v->type.dtype, [](auto) {}))) return false;

  const std::vector<double> m = read(mean), v = read(variance);
  const std::vector<double> g = gamma ? read(gamma) : std::vector<double>(m.size(), 1),
                            b = beta ? read(beta) : std::vector<double>(m.size(), 0);
  std::vector<double> w = read(weight), offset = bias ? read(bias) : std::vector<double>(m.size(), 0), scale(m.size());
  const double eps = std::get<double>(norm.args[6]);
  for (size_t c = 0; c < m.size(); ++c) {
    scale[c] = g[c] / std::sqrt(v[c] + eps);
    offset[c] = (offset[c] - m[c]) * scale[c] + b[c];
  }
  const Rows rows = rows_of(layer, weight->type.sizes);
  for (size_t r = 0; r < rows.channel.size(); ++r)
    for (int64_t i = 0; i < rows.row; ++i) w[r * rows.row + i] *= scale[rows.channel[r]];
  if (!is_finite(w) || !is_finite(offset)) return false;  // NaN and infinity would spread differently

  layer.args[1] = write(graph, weight->name + "_folded", TensorType(weight->type.dtype, weight->type.sizes), w);
  layer.args[2] = write(graph, (bias ? bias->name : mean->name) + "_folded", mean->type, offset);
  graph.replace_uses({{norm.results[0], result}});
  return true;
}

bool run(Graph& graph) {
  bool changed = false;
  auto uses = graph.use_counts();
  for (auto it = graph.nodes.begin(); it != graph.nodes.end();) {
    const Node& norm = **it;
    auto next = std::next(it);
    if (norm.op == "aten::_native_batch_norm_legit_no_training" && !norm.is_external() && uses[norm.results[1]] == 0 && uses[norm.results[2]] == 0) {
      Value* x = std::get<Value*>(norm.args[0]);
      if (x->producer && uses[x] == 1 && fold(graph, *x->producer, norm)) {
        uses[x] = uses[norm.results[0]];
        graph.nodes.erase(it);
        changed = true;
      }
    }
    it = next;
  }
  return changed;
}

}  // namespace

extern const Pass fold_batch_norm;
constinit const Pass fold_batch_norm = {"fold-batch-norm", "put batch normalisation into the weights before it", run};

}  // namespace etc::compile::passes
