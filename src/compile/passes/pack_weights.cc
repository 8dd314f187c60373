// Linear layers and convolutions of f32 with constant weights become ops over packed weights (ops/cpu/packed.h).
//
// The ops for convolutions take images as [n, height, width, channels]. What was a convolution of x is one of a permuted view of x, and its
// users see a permuted view of the result: between two convolutions both views cancel, elsewhere kernels read strides.
#include <map>

#include "ir/builder.h"
#include "ir/interpret.h"
#include "ir/one_op.h"
#include "ops/cpu/packed.h"
#include "ops/cpu/packed_phases.h"
#include "ops/cpu/product.h"
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

bool is_weight(const Value* v, size_t rank) {
  return is_f32(v) && is_fixed_constant(v) && v->type.sizes.size() == rank && v->type.numel() > 0;
}

// The one or `dims` numbers of a list as `dims`; empty when they are not fixed.
std::optional<std::vector<int64_t>> numbers(const Argument& a, size_t dims) {
  auto* list = std::get_if<std::vector<int64_t>>(&a);
  if (!list || (list->size() != 1 && list->size() != dims)) return std::nullopt;
  return list->size() == dims ? *list : std::vector<int64_t>(dims, list->front());
}

class Packer {
 public:
  explicit Packer(Graph& graph) : graph_(graph) {}

  bool run() {
    if (!find_kernel_op("etc::packed_linear")) return false;
    bool changed = false;
    for (auto it = graph_.nodes.begin(); it != graph_.nodes.end();) {
      const auto at = it++;
      if ((*at)->is_external()) continue;
      if (!pack(at)) continue;
      graph_.forget_unused_constants();  // the next ones take as much memory
      changed = true;
    }
    if (!share_tables()) return changed;
    graph_.remove_dead();
    graph_.forget_unused_constants();
    return true;
  }

 private:
  enum class Form { Linear, Transposed, Convolution };  // [n, k], [k, n], [n, channels, kernel...]

  bool pack(Graph::NodeList::iterator at) {
    if ((*at)->op != "aten::convolution") return pack_linear(at);
    return std::get<bool>((*at)->args[6]) ? pack_transposed(at) : pack_convolution(at);
  }

  // A table of embeddings that is the weight of a linear layer too is kept once, packed.
  bool share_tables() {
    const auto is_embedding = [](const Node& node) { return node.op == "aten::embedding" && !node.is_external(); };
    const auto uses = graph_.use_counts();
    std::unordered_map<const Value*, int> others = uses;  // but by embeddings, and by views that nobody needs any more
    for (const auto& node : graph_.nodes)
      if (is_embedding(*node) || (node->op == "etc::view" && !uses.contains(node->results[0]))) --others[tensor_argument(*node, 0)];
    bool changed = false;
    for (const auto& node : graph_.nodes) {
      if (!is_embedding(*node)) continue;
      Value* table = tensor_argument(*node, 0);
      Value* weight = packed_table(table);
      if (!weight || others[root_of(table)] > 0) continue;
      node->op = "etc::packed_embedding";
      node->args = {weight, node->args[1], static_cast<int64_t>(table->type.sizes[0])};
      changed = true;
    }
    return changed;
  }
  // The packed weight with one row of the table as each output, or null.
  Value* packed_table(Value* table) const {
    for (const auto& [key, packed] : packed_) {
      const auto& [weight, form] = key;
      if (form == Form::Convolution || root_of(weight) != root_of(table) || view_offset(weight) != view_offset(table)) continue;
      TensorType rows = weight->type;
      if (form == Form::Transposed) std::swap(rows.sizes[0], rows.sizes[1]), std::swap(rows.strides[0], rows.strides[1]);
      if (rows.sizes == table->type.sizes && rows.strides == table->type.strides) return packed;
    }
    return nullptr;
  }

  // The weight of n outputs; k inputs each.
  Value* packed(Value* weight, Form form, int64_t n, int64_t k) {
    Value*& made = packed_[{weight, form}];
    if (made) return made;
    const ConstantData data = gather(weight, {});
    const auto* w = reinterpret_cast<const float*>(data.data);
    const int64_t channels = form == Form::Convolution ? static_cast<int64_t>(weight->type.sizes[1]) : 1, taps = k / channels;
    const auto element = [&](int64_t out, int64_t in) {
      if (form == Form::Linear) return w[out * k + in];
      if (form == Form::Transposed) return w[in * n + out];
      return w[(out * channels + in % channels) * taps + in / channels];
    };
    return made = add_floats(graph_, root_of(weight)->name + "_packed", {cpu::panels_of(n), k, cpu::kPanel},
                             [&](float* panels) { cpu::pack_panels(n, k, element, panels); });
  }

  // A bias for n columns as f32[n]: None for none; empty when it is something else.
  std::optional<Argument> bias(Builder& b, Value* v, int64_t n) {
    if (!v) return Argument(None{});
    if (!is_f32(v)) return std::nullopt;
    const Sizes& sizes = v->type.sizes;
    for (size_t d = 0; d + 1 < sizes.size(); ++d)
      if (sizes[d] != 1) return std::nullopt;
    if (!sizes.empty() && sizes.back() != 1 && sizes.back() != n) return std::nullopt;
    while (v->type.sizes.size() > 1) v = b.select(v, 0, 0);
    return Argument(b.expand(v, {n}));
  }

  // The matrix that a constant shows to every product of a batch, or null.
  static Value* only_matrix(Builder& b, Value* v) {
    const TensorType& t = v->type;
    if (root_of(v)->kind != Value::Kind::Constant || t.sizes.size() != 3 || (t.sizes[0] != 1 && t.strides[0] != 0)) return nullptr;
    return b.strided(v, {t.sizes[1], t.sizes[2]}, {t.strides[1], t.strides[2]}, view_offset(v));
  }

  bool pack_linear(Graph::NodeList::iterator at) {
    Node& node = **at;
    Builder b(graph_, at);
    b.set_source(node.source, node.results.empty() ? "" : node.results[0]->name);
    Value *x = nullptr, *weight = nullptr, *added = nullptr;
    if (node.op == "aten::linear") {
      x = tensor_argument(node, 0), weight = tensor_argument(node, 1), added = tensor_argument(node, 2);
    } else if (node.op == "aten::mm") {
      x = tensor_argument(node, 0), weight = tensor_argument(node, 1);
    } else if (node.op == "aten::addmm" && fixed_number(node.args[3]) == 1.0 && fixed_number(node.args[4]) == 1.0) {
      x = tensor_argument(node, 1), weight = tensor_argument(node, 2), added = tensor_argument(node, 0);
    } else if (node.op == "aten::bmm") {
      x = tensor_argument(node, 0), weight = only_matrix(b, tensor_argument(node, 1));
    }
    if (!weight || !is_f32(x) || !is_weight(weight, 2)) return false;
    const Form form = node.op == "aten::linear" ? Form::Linear : Form::Transposed;
    const bool is_rows = form == Form::Linear;
    const int64_t n = weight->type.sizes[is_rows ? 0 : 1], k = weight->type.sizes[is_rows ? 1 : 0];
    const std::optional<Argument> one_per_column = bias(b, added, n);
    if (!one_per_column) return false;
    node.op = "etc::packed_linear";
    node.args = {x, packed(weight, form, n, k), *one_per_column, None{}, n, std::string("none")};
    return true;
  }

  // A convolution along one dimension is one of images of height 1.
  bool pack_convolution(Graph::NodeList::iterator at) {
    const Node& node = **at;
    Value *x = tensor_argument(node, 0), *weight = tensor_argument(node, 1), *result = node.results[0];
    const size_t rank = x->type.sizes.size(), dims = rank - 2;
    if ((rank != 3 && rank != 4) || !is_f32(x) || !is_weight(weight, rank)) return false;
    const Sizes& w = weight->type.sizes;
    const auto* groups = std::get_if<int64_t>(&node.args[8]);
    const auto stride = numbers(node.args[3], dims), padding = numbers(node.args[4], dims), dilation = numbers(node.args[5], dims);
    if (!groups || !stride || !padding || !dilation) return false;
    const int64_t n = w[0], lines = dims == 1 ? SymInt(1) : w[2], pixels = w.back(), taps = lines * pixels;
    const bool depthwise = *groups > 1 && *groups == n && w[1] == 1 && x->type.sizes[1] == n;
    const int64_t pieces = depthwise ? taps : cpu::pieces_of_window(lines, pixels, padding->back(), dilation->back());
    if ((*groups != 1 && !depthwise) || pieces > cpu::kMostRuns) return false;

    Builder b(graph_, at);
    b.set_source(node.source, result->name);
    const std::optional<Argument> one_per_channel = bias(b, tensor_argument(node, 2), n);
    if (!one_per_channel) return false;
    auto in_two = [&](std::vector<int64_t> list, int64_t first) {
      if (dims == 1) list.insert(list.begin(), first);
      return list;
    };
    const std::vector<int64_t> window(w.begin() + 2, w.end());
    std::vector<Argument> args = {image_of(b, x), packed(weight, Form::Convolution, n, static_cast<int64_t>(w[1]) * taps),
                                  *one_per_channel};
    if (!depthwise) args.insert(args.end(), {None{}, n});
    args.insert(args.end(), {in_two(window, 1), in_two(*stride, 1), in_two(*padding, 0), in_two(*dilation, 1), std::string("none")});
    Node* packed = graph_.insert_node(at, depthwise ? "etc::packed_depthwise2d" : "etc::packed_conv2d", std::move(args),
                                      {image_type(result)}, in_other_form(node.source, "nhwc"), result->name + "_nhwc");
    show(b, at, packed->results[0]);
    return true;
  }

  // x as images with channels last, and the type of such images for a result.
  static Value* image_of(Builder& b, Value* x) { return b.permute(x->type.sizes.size() == 3 ? b.unsqueeze(x, 2) : x, {0, 2, 3, 1}); }
  static TensorType image_type(const Value* result) {
    const Sizes& y = result->type.sizes;
    return {DType::F32, {y[0], y.size() == 3 ? SymInt(1) : y[2], y.back(), y[1]}};
  }

  // Puts the image in the place of the convolution's result.
  void show(Builder& b, Graph::NodeList::iterator at, Value* image) {
    Value *result = (*at)->results[0], *shown = b.permute(image, {0, 3, 1, 2});
    replace_by_view(graph_, result, result->type.sizes.size() == 3 ? b.squeeze(shown, {2}) : shown);
    result->producer = nullptr;
    graph_.nodes.erase(at);
  }

  // A transposed convolution along one dimension is one of images of height 1.
  struct Transposed {
    Value *x, *weight, *bias;  // the weight is [inputs, outputs, kernel...]; bias: null for none
    int64_t inputs, outputs;
    std::vector<int64_t> kernel = {1}, stride = {1}, padding = {0}, output_padding = {0};  // of two dimensions

    int64_t phases() const { return stride[0] * stride[1]; }
    cpu::Phase phase(size_t d, int64_t index) const { return {kernel[d], stride[d], padding[d], index}; }
    // Of the weight `numbers`, for an output and an input.
    int64_t at(int64_t out, int64_t in, int64_t ky, int64_t kx) const { return ((in * outputs + out) * kernel[0] + ky) * kernel[1] + kx; }
  };

  bool pack_transposed(Graph::NodeList::iterator at) {
    const Node& node = **at;
    Transposed t{tensor_argument(node, 0), tensor_argument(node, 1), tensor_argument(node, 2), 0, 0};
    const size_t rank = t.x->type.sizes.size(), dims = rank - 2;
    if ((rank != 3 && rank != 4) || !is_f32(t.x) || !is_weight(t.weight, rank)) return false;
    const auto* groups = std::get_if<int64_t>(&node.args[8]);
    const auto stride = numbers(node.args[3], dims), padding = numbers(node.args[4], dims), dilation = numbers(node.args[5], dims),
               output_padding = numbers(node.args[7], dims);
    if (!groups || *groups != 1 || !stride || !padding || !output_padding || dilation != std::vector<int64_t>(dims, 1)) return false;
    const Sizes& w = t.weight->type.sizes;
    t.inputs = w[0], t.outputs = w[1];
    const auto take = [&](std::vector<int64_t>& list, const auto& from) {
      if (dims == 2) list.clear();
      for (auto i = from.end() - static_cast<ptrdiff_t>(dims); i != from.end(); ++i) list.push_back(static_cast<int64_t>(*i));
    };
    take(t.kernel, w), take(t.stride, *stride), take(t.padding, *padding), take(t.output_padding, *output_padding);
    // By panels that a pixel of x is multiplied with.
    const Joined all[] = {Joined(t, 0), Joined(t, 1)};
    const int64_t apart = cpu::panels_of(t.outputs) * t.kernel[0] * t.kernel[1];
    const int64_t joined = cpu::panels_of(t.phases() * t.outputs) * all[0].taps * all[1].taps;
    return (joined < apart && pack_joined_phases(at, t, all)) || pack_phases(at, t);
  }

  bool pack_phases(Graph::NodeList::iterator at, const Transposed& t) {
    if (cpu::most_taps(t.kernel[0], t.stride[0]) * cpu::most_taps(t.kernel[1], t.stride[1]) > cpu::kMostRuns) return false;
    const Node& node = **at;
    Value* result = node.results[0];
    Builder b(graph_, at);
    b.set_source(node.source, result->name);
    const std::optional<Argument> one_per_channel = bias(b, t.bias, t.outputs);
    if (!one_per_channel) return false;
    const ConstantData data = gather(t.weight, {});
    const auto* w = reinterpret_cast<const float*>(data.data);
    const auto fill = [&](float* panels) {
      for (int64_t line = 0; line < t.stride[0]; ++line)
        for (int64_t pixel = 0; pixel < t.stride[1]; ++pixel) {
          const cpu::Phase y = t.phase(0, line), x = t.phase(1, pixel);
          const int64_t depth = y.taps * x.taps * t.inputs;
          const auto element = [&](int64_t out, int64_t in) {
            const int64_t tap = in / t.inputs;
            return w[t.at(out, in % t.inputs, y.weight(tap / x.taps), x.weight(tap % x.taps))];
          };
          cpu::pack_panels(t.outputs, depth, element, panels);
          panels += cpu::panels_of(t.outputs) * depth * cpu::kPanel;
        }
    };
    Value* packed = add_floats(graph_, root_of(t.weight)->name + "_packed",
                               {cpu::panels_of(t.outputs), t.kernel[0] * t.kernel[1] * t.inputs, cpu::kPanel}, fill);
    Node* sums = graph_.insert_node(
        at, "etc::packed_conv_transpose2d",
        {image_of(b, t.x), packed, *one_per_channel, t.outputs, t.kernel, t.stride, t.padding, t.output_padding, std::string("none")},
        {image_type(result)}, in_other_form(node.source, "nhwc"), result->name + "_nhwc");
    show(b, at, sums->results[0]);
    return true;
  }

  // One dimension of all phases together.
  struct Joined {
    const Transposed& of;
    size_t d;
    int64_t first, taps;  // what some phase has
    int64_t behind;       // how far the last window reaches over the end
    Joined(const Transposed& t, size_t dim) : of(t), d(dim) {
      const int64_t stride = t.stride[d];
      const cpu::Phase highest = t.phase(d, stride - 1);
      first = t.phase(d, 0).first;
      taps = highest.first + highest.taps - first;
      behind = first + taps - 1 - cpu::floor_of(stride + 2 * t.padding[d] - t.kernel[d] - t.output_padding[d], stride);
    }
    // The weight of tap j in this phase, or -1.
    int64_t weight_of(int64_t index, int64_t j) const {
      const cpu::Phase phase = of.phase(d, index);
      const int64_t own = first + j - phase.first;
      return own >= 0 && own < phase.taps ? phase.weight(own) : -1;
    }
  };

  // Few outputs: all phases as the outputs of one convolution, which fill a panel, and are then put in their places. Where a phase has no
  // weight a zero stands: pixels that are not finite make NaN there.
  bool pack_joined_phases(Graph::NodeList::iterator at, const Transposed& t, const Joined (&d)[2]) {
    if (t.bias && (!is_f32(t.bias) || !is_fixed_constant(t.bias))) return false;
    for (const Joined& one : d)
      if (one.first > 0 || one.behind < 0 || one.taps < 1) return false;  // pixels that nobody reads
    if (cpu::pieces_of_window(d[0].taps, d[1].taps, d[1].behind - d[1].first, 1) > cpu::kMostRuns) return false;

    const int64_t columns = t.phases() * t.outputs, depth = d[0].taps * d[1].taps * t.inputs;
    const ConstantData data = gather(t.weight, {});
    const auto* w = reinterpret_cast<const float*>(data.data);
    const auto element = [&](int64_t out, int64_t in) {
      const int64_t phase = out / t.outputs, tap = in / t.inputs;
      const int64_t ky = d[0].weight_of(phase / t.stride[1], tap / d[1].taps), kx = d[1].weight_of(phase % t.stride[1], tap % d[1].taps);
      return ky < 0 || kx < 0 ? 0.0f : w[t.at(out % t.outputs, in % t.inputs, ky, kx)];
    };
    Value* packed = add_floats(graph_, root_of(t.weight)->name + "_packed", {cpu::panels_of(columns), depth, cpu::kPanel},
                               [&](float* panels) { cpu::pack_panels(columns, depth, element, panels); });
    Argument bias = None{};
    if (t.bias) {
      const ConstantData one = gather(t.bias, {});
      const auto* from = reinterpret_cast<const float*>(one.data);
      bias = add_floats(graph_, root_of(t.bias)->name + "_packed", {columns}, [&](float* to) {
        for (int64_t i = 0; i < columns; ++i) to[i] = from[i % t.outputs];
      });
    }

    const Node& node = **at;
    Value* result = node.results[0];
    Builder b(graph_, at);
    b.set_source(node.source, result->name);
    Value* image = image_of(b, t.x);
    const Sizes &in = image->type.sizes, out = image_type(result).sizes;
    const SymInt lines = in[1] + (d[0].behind - d[0].first - d[0].taps + 1), pixels = in[2] + (d[1].behind - d[1].first - d[1].taps + 1);
    const std::vector<int64_t> pads = {-d[0].first, -d[1].first, d[0].behind, d[1].behind}, ones = {1, 1};
    Node* sums = graph_.insert_node(
        at, "etc::packed_conv2d",
        {image, packed, bias, None{}, columns, std::vector<int64_t>{d[0].taps, d[1].taps}, ones, pads, ones, std::string("none")},
        {TensorType(DType::F32, {in[0], lines, pixels, columns})}, in_other_form(node.source, "phases"), result->name + "_phases");
    Value* y = b.reshape(sums->results[0], {in[0], lines, pixels, t.stride[0], t.stride[1], t.outputs});
    y = b.contiguous(b.permute(y, {0, 1, 3, 2, 4, 5}));
    y = b.reshape(y, {in[0], lines * t.stride[0], pixels * t.stride[1], t.outputs});
    show(b, at, b.slice(b.slice(y, 1, 0, out[1]), 2, 0, out[2]));
    return true;
  }

  Graph& graph_;
  std::map<std::pair<Value*, Form>, Value*> packed_;
};

}  // namespace

extern const Pass pack_weights;
constinit const Pass pack_weights = {"pack-weights", "linear layers and convolutions over packed weights, for --cpu other than generic",
                                     [](Graph& graph) { return Packer(graph).run(); }, true, true};

}  // namespace etc::compile::passes
