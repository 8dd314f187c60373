// Replacing values and probing kernels.
#include "passes/rewrite.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "ir/error.h"
#include "ir/flow.h"
#include "ir/one_op.h"
#include "ir/probe.h"
#include "ir/views.h"
#include "ops/number.h"

namespace etc::compile {

std::unordered_map<const Value*, std::vector<Node*>> consumers_of(const Graph& graph) {
  std::unordered_map<const Value*, std::vector<Node*>> consumers;
  for (const auto& node : graph.nodes)
    for_each_operand(*node, [&](Value* v) {
      std::vector<Node*>& list = consumers[v];
      if (list.empty() || list.back() != node.get()) list.push_back(node.get());
    });
  return consumers;
}

namespace {

// Dimensions of `of`, whole and in any order, some left out: each stride is a dimension's in row-major order.
std::optional<Window> compose_dimensions(const TensorType& of, const Sizes& sizes, const Sizes& strides) {
  const Sizes row_major = contiguous_strides(of.sizes);
  std::vector<bool> taken(of.sizes.size());
  Window window;
  for (size_t j = 0; j < sizes.size(); ++j) {
    size_t d = 0;
    while (d < taken.size() && (taken[d] || of.sizes[d] == 1 || of.sizes[d] != sizes[j] || row_major[d] != strides[j])) ++d;
    if (sizes[j] != 1 && d == taken.size()) return std::nullopt;
    if (sizes[j] != 1) taken[d] = true;
    window.strides.push_back(sizes[j] == 1 ? SymInt(0) : of.strides[d]);
  }
  return window;
}

// Of symbolic sizes only what is plain: the same elements in the same order, whole dimensions, or memory that is contiguous anyway.
std::optional<Window> compose_symbolic(const TensorType& of, const Sizes& sizes, const Sizes& strides, const SymInt& offset) {
  if (of.is_contiguous()) return Window{strides, offset};
  if (offset != 0) return std::nullopt;
  if (std::optional<Window> window = compose_dimensions(of, sizes, strides)) return window;
  if (offset != 0 || TensorType(of.dtype, sizes, strides).numel() != of.numel() || !TensorType(of.dtype, sizes, strides).is_contiguous())
    return std::nullopt;
  std::optional<Sizes> shown = view_strides(of.sizes, of.strides, sizes);
  if (!shown) return std::nullopt;
  return Window{std::move(*shown), 0};
}

}  // namespace

std::optional<Window> compose(const TensorType& of, const Sizes& sizes, const Sizes& strides, const SymInt& offset) {
  if (!of.is_fixed() || !sizes.is_fixed() || !strides.is_fixed() || !offset.is_fixed()) return compose_symbolic(of, sizes, strides, offset);
  // Dimensions of one element are left out, and neighbours whose elements lie evenly spaced become one, so that windows may run
  // across them.
  struct Dim {
    int64_t size, row_major, stride;
  };
  std::vector<Dim> dims;
  int64_t row_major = 1;
  for (size_t d = of.sizes.size(); d-- > 0;) {
    const int64_t size = of.sizes[d];
    if (size == 0) return Window{strides, 0};
    if (size == 1) continue;
    if (!dims.empty() && of.strides[d] == dims.back().stride * dims.back().size) {
      dims.back().size *= size;
    } else {
      dims.push_back({size, row_major, of.strides[d]});
    }
    row_major *= size;
  }
  for (const SymInt& s : sizes)
    if (s == 0) return Window{strides, 0};
  // Like digits of a number: `step` in row-major order moves by step_d in dimension d. The window is even when no sum of steps carries.
  std::vector<int64_t> reach(dims.size(), 0);  // the largest index in each dimension
  auto walk = [&](int64_t step, int64_t count) -> std::optional<int64_t> {
    int64_t moved = 0;
    for (size_t d = dims.size(); d-- > 0;) {
      const int64_t digit = step / dims[d].row_major;
      step %= dims[d].row_major;
      reach[d] += digit * count;
      moved += digit * dims[d].stride;
      if (reach[d] >= dims[d].size) return std::nullopt;
    }
    return step == 0 ? std::optional<int64_t>(moved) : std::nullopt;
  };
  Window window;
  const std::optional<int64_t> start = walk(offset, 1);
  if (!start) return std::nullopt;
  window.offset = *start;
  for (size_t j = 0; j < sizes.size(); ++j) {
    const std::optional<int64_t> stride = sizes[j] == 1 ? std::optional<int64_t>(0) : walk(strides[j], sizes[j] - 1);
    if (!stride) return std::nullopt;
    window.strides.push_back(*stride);
  }
  return window;
}

bool replace_root(Graph& graph, Value* value, Value* other) {
  Value* root = root_of(other);
  const SymInt base = view_offset(other);
  std::vector<std::pair<Node*, Window>> windows;
  for (const auto& node : graph.nodes) {
    if (node->op != "etc::view" || std::get<Value*>(node->args[0]) != value) continue;
    auto window = compose(other->type, syms_of(node->args[1]), syms_of(node->args[2]), sym_of(node->args[3]));
    if (!window) return false;
    windows.emplace_back(node.get(), std::move(*window));
  }
  for (auto& [node, window] : windows) {
    node->args[0] = root;
    node->args[2] = window.strides;
    node->args[3] = base + window.offset;
    node->results[0]->type.strides = std::move(window.strides);
  }
  graph.replace_uses({{value, other}});
  return true;
}

void replace_by_view(Graph& graph, Value* value, Value* other) {
  Value* copy = nullptr;
  for (auto it = graph.nodes.begin(); it != graph.nodes.end(); ++it) {
    Node& node = **it;
    if (node.op != "etc::view" || std::get<Value*>(node.args[0]) != value ||
        compose(other->type, syms_of(node.args[1]), syms_of(node.args[2]), sym_of(node.args[3])))
      continue;
    if (!copy)
      copy =
          graph
              .insert_node(it, "etc::copy", {other}, {TensorType(other->type.dtype, other->type.sizes)}, node.source, value->name + "_copy")
              ->results[0];
    node.args[0] = copy;
  }
  if (!replace_root(graph, value, other)) throw InternalError("a window that composes does not");
  std::swap(value->name, other->name);
}

std::shared_ptr<const Source> in_other_form(const std::shared_ptr<const Source>& source, const char* form) {
  if (!source || source->node.empty()) return source;
  auto other = std::make_shared<Source>(*source);
  other->node += std::string("_") + form;
  return other;
}

bool takes(const Node& node, const std::function<TensorType(const Value*)>& type_of) {
  std::vector<std::unique_ptr<Value>> values;
  Node probe;
  probe.args = node.args;
  bool contiguous = true;
  for_each_operand(probe, [&](Value*& v) {
    auto stand_in = std::make_unique<Value>();
    stand_in->type = type_of(v);
    contiguous = contiguous && stand_in->type.is_contiguous();
    v = stand_in.get();
    values.push_back(std::move(stand_in));
  });
  if (node.is_external() || has_bodies(node)) return contiguous;
  const Op* op = find_kernel_op(node.op);
  if (!op) return false;
  std::vector<TensorType> results;
  for (const Value* r : node.results) results.push_back(r->type);
  const std::vector<Assignment> probes = probes_of(probe.args, results);
  return std::all_of(probes.begin(), probes.end(), [&](const Assignment& symbols) {
    OneOp one(*op, probe.args, &symbols);
    one.set_results(results);
    return one.has_kernel();
  });
}

Value* tensor_argument(const Node& node, size_t i) {
  auto* v = std::get_if<Value*>(&node.args[i]);
  return v ? *v : nullptr;
}

bool is_fixed_constant(const Value* v) {
  return root_of(const_cast<Value*>(v))->kind == Value::Kind::Constant && v->type.is_fixed() && view_offset(v).is_fixed();
}

Value* add_floats(Graph& graph, const std::string& name, Sizes sizes, const std::function<void(float*)>& fill) {
  const TensorType type(DType::F32, std::move(sizes));
  const auto bytes = static_cast<size_t>(type.bytes());
  std::shared_ptr<float[]> memory(new float[bytes / sizeof(float)]);
  fill(memory.get());
  const auto* first = reinterpret_cast<const std::byte*>(memory.get());
  return graph.add_constant(name, type, {std::move(memory), first, bytes});
}

const std::byte* uniform_element(const Value* v) {
  const Value* root = root_of(const_cast<Value*>(v));
  if (root->kind != Value::Kind::Constant || v->type.numel() == 0) return nullptr;
  const size_t width = size_in_bytes(v->type.dtype);
  const SymInt offset = view_offset(v);
  if (!offset.is_fixed()) return nullptr;
  const std::byte* first = root->constant.data + static_cast<size_t>(static_cast<int64_t>(offset)) * width;
  for (size_t d = 0; d < v->type.sizes.size(); ++d)
    if (v->type.sizes[d] != 1 && v->type.strides[d] != 0)  // not one element: then all of the root must be
      return std::memcmp(root->constant.data, root->constant.data + width, root->constant.bytes - width) == 0 ? first : nullptr;
  return first;
}

std::optional<double> fixed_number(const Argument& a) {
  if (auto* n = std::get_if<int64_t>(&a)) return static_cast<double>(*n);
  if (auto* r = std::get_if<double>(&a)) return *r;
  return std::nullopt;
}

std::optional<double> number_of(const Value* v) {
  const std::byte* element = uniform_element(v);
  if (!element) return std::nullopt;
  auto read = [element](auto x) {
    std::memcpy(&x, element, sizeof x);
    return static_cast<double>(load(&x));
  };
  switch (v->type.dtype) {
    case DType::U8: return read(uint8_t{});
    case DType::I8: return read(int8_t{});
    case DType::I16: return read(int16_t{});
    case DType::I32: return read(int32_t{});
    case DType::I64: return read(int64_t{});
    case DType::F16: return read(Half{});
    case DType::BF16: return read(BFloat16{});
    case DType::F32: return read(float{});
    case DType::F64: return read(double{});
    default: return std::nullopt;
  }
}

}  // namespace etc::compile
