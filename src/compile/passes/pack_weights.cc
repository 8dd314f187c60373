// Linear layers and convolutions of f32 with constant weights become ops over packed weights (ops/cpu/packed.h).
//
// The ops for convolutions take images as [n, height, width, channels]. What was a convolution of x is one of a permuted view of x, and its
// users see a permuted view of the result: between two convolutions both views cancel, elsewhere kernels read strides.
#include <map>

#include "ir/builder.h"
#include "ir/interpret.h"
#include "ir/one_op.h"
#include "ops/cpu/packed.h"
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
    return changed;
  }

 private:
  enum class Form { Linear, Transposed, Convolution };  // [n, k], [k, n], [n, channels, kernel...]

  bool pack(Graph::NodeList::iterator at) {
    if ((*at)->op != "aten::convolution") return pack_linear(at);
    return std::get<bool>((*at)->args[6]) ? pack_transposed(at) : pack_convolution(at);
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
    Value* image = b.permute(dims == 1 ? b.unsqueeze(x, 2) : x, {0, 2, 3, 1});
    std::vector<Argument> args = {image, packed(weight, Form::Convolution, n, static_cast<int64_t>(w[1]) * taps), *one_per_channel};
    if (!depthwise) args.insert(args.end(), {None{}, n});
    args.insert(args.end(), {in_two(window, 1), in_two(*stride, 1), in_two(*padding, 0), in_two(*dilation, 1), std::string("none")});
    const Sizes& y = result->type.sizes;
    const TensorType type(DType::F32, {y[0], dims == 1 ? SymInt(1) : y[2], y.back(), y[1]});
    Node* packed = graph_.insert_node(at, depthwise ? "etc::packed_depthwise2d" : "etc::packed_conv2d", std::move(args), {type},
                                      in_other_form(node.source, "nhwc"), result->name + "_nhwc");
    show(b, at, packed->results[0]);
    return true;
  }

  // Puts the image in the place of the convolution's result.
  void show(Builder& b, Graph::NodeList::iterator at, Value* image) {
    Value *result = (*at)->results[0], *shown = b.permute(image, {0, 3, 1, 2});
    replace_by_view(graph_, result, result->type.sizes.size() == 3 ? b.squeeze(shown, {2}) : shown);
    result->producer = nullptr;
    graph_.nodes.erase(at);
  }

  // One dimension of a transposed convolution: y[s i + phase] is the sum over d of x[i + d] w[phase + padding - s d], where there is such
  // a weight.
  struct Transposed {
    int64_t stride = 1, padding = 0, kernel = 1;
    int64_t first = 0, taps = 1;  // the d that some phase has
    int64_t behind = 0;           // how far the last window reaches over the end
    // Of this stride, padding, kernel and output padding.
    Transposed(int64_t s, int64_t p, int64_t k, int64_t added) : stride(s), padding(p), kernel(k) {
      first = floor_of(p - k + s, s);
      const int64_t last = floor_of(s - 1 + p, s);
      taps = last - first + 1;
      behind = last - floor_of(s + 2 * p - k - added, s);
    }
    // The weight of tap j in this phase, or -1.
    int64_t weight_of(int64_t phase, int64_t j) const {
      const int64_t k = phase + padding - stride * (first + j);
      return k >= 0 && k < kernel ? k : -1;
    }
    static int64_t floor_of(int64_t a, int64_t by) { return a >= 0 ? a / by : -((by - 1 - a) / by); }
  };

  // A transposed convolution with stride s is one convolution with s * s results for each pixel, which are then put in their places.
  // Shi et al., "Is the deconvolution layer the same as a convolutional layer?". Where a phase has no weight a zero stands: pixels that
  // are not finite make NaN there.
  bool pack_transposed(Graph::NodeList::iterator at) {
    const Node& node = **at;
    Value *x = tensor_argument(node, 0), *weight = tensor_argument(node, 1), *added = tensor_argument(node, 2), *result = node.results[0];
    const size_t rank = x->type.sizes.size(), dims = rank - 2;
    if ((rank != 3 && rank != 4) || !is_f32(x) || !is_weight(weight, rank) || (added && (!is_f32(added) || !is_fixed_constant(added))))
      return false;
    const auto* groups = std::get_if<int64_t>(&node.args[8]);
    const auto stride = numbers(node.args[3], dims), padding = numbers(node.args[4], dims), dilation = numbers(node.args[5], dims),
               output_padding = numbers(node.args[7], dims);
    if (!groups || *groups != 1 || !stride || !padding || !output_padding || dilation != std::vector<int64_t>(dims, 1)) return false;
    const Sizes& w = weight->type.sizes;  // [inputs, outputs, kernel...]
    std::vector<Transposed> d;
    if (dims == 1) d.emplace_back(1, 0, 1, 0);
    for (size_t i = 0; i < dims; ++i) d.emplace_back((*stride)[i], (*padding)[i], static_cast<int64_t>(w[2 + i]), (*output_padding)[i]);
    for (const Transposed& one : d)
      if (one.first > 0 || one.behind < 0 || one.taps < 1) return false;  // pixels that nobody reads
    if (cpu::pieces_of_window(d[0].taps, d[1].taps, d[1].behind - d[1].first, 1) > cpu::kMostRuns) return false;

    const int64_t inputs = w[0], outputs = w[1], phases = d[0].stride * d[1].stride, columns = phases * outputs;
    const ConstantData data = gather(weight, {});
    const auto* numbers_of = reinterpret_cast<const float*>(data.data);
    const auto element = [&](int64_t out, int64_t in) {
      const int64_t phase = out / outputs, tap = in / inputs;
      const int64_t ky = d[0].weight_of(phase / d[1].stride, tap / d[1].taps), kx = d[1].weight_of(phase % d[1].stride, tap % d[1].taps);
      if (ky < 0 || kx < 0) return 0.0f;
      return numbers_of[((in % inputs * outputs + out % outputs) * d[0].kernel + ky) * d[1].kernel + kx];
    };
    const int64_t depth = d[0].taps * d[1].taps * inputs;
    const std::string name = root_of(weight)->name;
    Value* packed = add_floats(graph_, name + "_packed", {cpu::panels_of(columns), depth, cpu::kPanel},
                               [&](float* panels) { cpu::pack_panels(columns, depth, element, panels); });
    Argument bias = None{};
    if (added) {
      const ConstantData one = gather(added, {});
      const auto* b = reinterpret_cast<const float*>(one.data);
      bias = add_floats(graph_, root_of(added)->name + "_packed", {columns}, [&](float* to) {
        for (int64_t i = 0; i < columns; ++i) to[i] = b[i % outputs];
      });
    }

    Builder b(graph_, at);
    b.set_source(node.source, result->name);
    Value* image = b.permute(dims == 1 ? b.unsqueeze(x, 2) : x, {0, 2, 3, 1});
    const Sizes& in = image->type.sizes;
    const SymInt lines = in[1] + (d[0].behind - d[0].first - d[0].taps + 1), pixels = in[2] + (d[1].behind - d[1].first - d[1].taps + 1);
    const std::vector<int64_t> pads = {-d[0].first, -d[1].first, d[0].behind, d[1].behind}, ones = {1, 1};
    Node* sums = graph_.insert_node(
        at, "etc::packed_conv2d",
        {image, packed, bias, None{}, columns, std::vector<int64_t>{d[0].taps, d[1].taps}, ones, pads, ones, std::string("none")},
        {TensorType(DType::F32, {in[0], lines, pixels, columns})}, in_other_form(node.source, "phases"), result->name + "_phases");
    Value* y = b.reshape(sums->results[0], {in[0], lines, pixels, d[0].stride, d[1].stride, outputs});
    y = b.contiguous(b.permute(y, {0, 1, 3, 2, 4, 5}));
    y = b.reshape(y, {in[0], lines * d[0].stride, pixels * d[1].stride, outputs});
    const Sizes& out = result->type.sizes;
    y = b.slice(b.slice(y, 1, 0, dims == 1 ? SymInt(1) : out[2]), 2, 0, out.back());
    show(b, at, y);
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
