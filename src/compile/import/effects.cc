// The rules come from three places: alias marks of the schemas, a list of composite ops whose schemas do not tell, and strides.
#include "import/effects.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "import/targets.h"
#include "ir/builder.h"
#include "ir/views.h"

namespace etc::compile {
namespace {

using exported::Node;
using exported::Tensor;

template <size_t N>
bool is_one_of(const std::string& op, const std::array<std::string_view, N>& list) {
  for (std::string_view name : list)
    if (op == name) return true;
  return false;
}

constexpr std::array<std::string_view, 4> kReshapes = {"aten::reshape", "aten::reshape_as", "aten::flatten.using_ints", "aten::ravel"};
constexpr std::array<std::string_view, 6> kConversions = {"aten::contiguous", "aten::to.dtype", "aten::to.dtype_layout",
                                                          "aten::to.device",  "aten::to.other", "aten::type_as"};
constexpr std::array<std::string_view, 4> kDropouts = {"aten::dropout", "aten::feature_dropout", "aten::alpha_dropout",
                                                       "aten::feature_alpha_dropout"};
constexpr std::array<std::string_view, 2> kListViews = {"aten::broadcast_tensors", "aten::meshgrid.indexing"};
constexpr std::array<std::string_view, 3> kPlainViews = {"aten::atleast_1d", "aten::atleast_2d", "aten::atleast_3d"};

bool flag(const Node& node, const char* name) {
  const exported::Argument* a = find_argument(node, name);
  const bool* b = a ? a->as<bool>() : nullptr;
  return b && *b;
}

// Whether a dropout gives new memory.
bool drops(const Node& node) {
  const exported::Argument* p = find_argument(node, "p");
  const double* probability = p ? p->as<double>() : nullptr;
  return flag(node, "train") && !(probability && *probability == 0);
}

const std::string* tensor_name(const Node& node, const char* argument) {
  const exported::Argument* a = find_argument(node, argument);
  const Tensor* t = a ? a->as<Tensor>() : nullptr;
  return t ? &t->name : nullptr;
}

class Reader {
 public:
  Reader(const Node& node, const exported::Graph& graph) : node_(node), graph_(graph), op_(op_name(node.target)) {}

  Effects read() {
    if (!is_builtin(op_)) {
      read_custom();
      return effects_;
    }
    if (functional_name(op_)) {
      if (const std::string* self = tensor_name(node_, "self")) {
        all_results_show(*self);
        if (!is_view_op(*functional_name(op_))) effects_.writes.push_back(*self);
      }
      return effects_;
    }
    if (op_ == "aten::batch_norm" || op_ == "aten::_native_batch_norm_legit") {
      for (const char* statistic : {"running_mean", "running_var"})
        if (const std::string* name = tensor_name(node_, statistic); name && flag(node_, "training")) effects_.writes.push_back(*name);
      return effects_;
    }
    if (is_one_of(op_, kReshapes)) {
      if (reshape_is_view()) all_results_show(*tensor_name(node_, "self"));
    } else if (is_one_of(op_, kConversions)) {
      if (conversion_is_nothing()) all_results_show(*tensor_name(node_, "self"));
    } else if (is_one_of(op_, kDropouts)) {
      if (const std::string* input = tensor_name(node_, "input"); input && !drops(node_)) all_results_show(*input);
    } else if (is_one_of(op_, kPlainViews)) {
      if (const std::string* self = tensor_name(node_, "self")) all_results_show(*self);
    } else if (is_one_of(op_, kListViews) || op_ == "aten::meshgrid") {
      read_list();
    } else {
      read_schema();
    }
    return effects_;
  }

 private:
  static bool is_view_op(const std::string& op) {
    const Schema* schema = Builder::schema_of(op);
    return schema && schema->returns.size() == 1 && schema->returns[0].alias;
  }

  template <class F>
  static void for_each_tensor(const exported::Argument& output, F f) {
    if (auto* t = output.as<Tensor>()) f(t->name);
    if (auto* list = output.as<std::vector<Tensor>>())
      for (const Tensor& t : *list) f(t.name);
  }
  void all_results_show(const std::string& argument) {
    for (const exported::Argument& output : node_.outputs)
      for_each_tensor(output, [&](const std::string& result) { effects_.aliases.push_back({result, argument}); });
  }

  void read_schema() {
    const Schema* schema = Builder::schema_of(op_);
    if (!schema) return;
    for (size_t i = 0; i < schema->returns.size() && i < node_.outputs.size(); ++i) {
      const char alias = schema->returns[i].alias;
      if (!alias) continue;
      for (const SchemaArgument& parameter : schema->arguments)
        if (const std::string* name = parameter.alias == alias ? tensor_name(node_, parameter.name.c_str()) : nullptr)
          for_each_tensor(node_.outputs[i], [&](const std::string& result) { effects_.aliases.push_back({result, *name}); });
    }
  }

  void read_custom() {
    for (size_t i : written_arguments(node_)) effects_.writes.push_back(node_.inputs[i].argument.as<Tensor>()->name);
    if (returns_written(node_)) effects_.aliases.push_back({node_.outputs[0].as<Tensor>()->name, effects_.writes[0]});
  }

  void read_list() {  // result i shows tensor i
    const exported::Argument* a = find_argument(node_, "tensors");
    const auto* tensors = a ? a->as<std::vector<Tensor>>() : nullptr;
    const auto* results = node_.outputs.size() == 1 ? node_.outputs[0].as<std::vector<Tensor>>() : nullptr;
    if (!tensors || !results) return;
    for (size_t i = 0; i < tensors->size() && i < results->size(); ++i)
      effects_.aliases.push_back({(*results)[i].name, (*tensors)[i].name});
  }

  const exported::TensorMeta* self_meta() const {
    const std::string* self = tensor_name(node_, "self");
    auto it = self ? graph_.tensors.find(*self) : graph_.tensors.end();
    return it == graph_.tensors.end() ? nullptr : &it->second;
  }
  const exported::TensorMeta* result_meta() const {
    const Tensor* t = node_.outputs.size() == 1 ? node_.outputs[0].as<Tensor>() : nullptr;
    auto it = t ? graph_.tensors.find(t->name) : graph_.tensors.end();
    return it == graph_.tensors.end() ? nullptr : &it->second;
  }

  bool reshape_is_view() const {
    if (!self_meta() || !result_meta()) return false;
    if (!is_static(*self_meta()) || !is_static(*result_meta())) return true;
    const TensorType from = type_of(*self_meta(), place_of(node_)), to = type_of(*result_meta(), place_of(node_));
    return view_strides(from.sizes, from.strides, to.sizes).has_value();
  }

  bool conversion_is_nothing() const {
    if (!self_meta() || !result_meta() || flag(node_, "copy") || self_meta()->scalar_type != result_meta()->scalar_type) return false;
    if (!is_static(*self_meta()) || !is_static(*result_meta())) return true;
    const TensorType from = type_of(*self_meta(), place_of(node_)), to = type_of(*result_meta(), place_of(node_));
    return from.sizes == to.sizes && same_strides(from.sizes, from.strides, to.strides);
  }

  const Node& node_;
  const exported::Graph& graph_;
  std::string op_;
  Effects effects_;
};

Sizes literal(const std::vector<exported::SymInt>& numbers, const std::string& place) {
  Sizes sizes;
  for (const exported::SymInt& n : numbers) {
    auto* literal = std::get_if<int64_t>(&n);
    if (!literal)
      throw CompileError(
          place + ": the size " + std::get<exported::Expression>(n).text +
          " is not a number: dynamic shapes are not supported yet; export without dynamic_shapes and without data-dependent sizes");
    sizes.push_back(*literal);
  }
  return sizes;
}

}  // namespace

bool is_static(const exported::TensorMeta& meta) {
  auto is_number = [](const exported::SymInt& n) { return std::holds_alternative<int64_t>(n); };
  return std::all_of(meta.sizes.begin(), meta.sizes.end(), is_number) && std::all_of(meta.strides.begin(), meta.strides.end(), is_number);
}

TensorType type_of(const exported::TensorMeta& meta, const std::string& place) {
  if (meta.layout != exported::kStrided)
    throw CompileError(place + ": a tensor of sparse or other special layout, which is not supported; make it dense");
  TensorType type(exported::require_dtype(meta.scalar_type, place), literal(meta.sizes, place), literal(meta.strides, place));
  bool ok = type.sizes.size() == type.strides.size() && type.sizes.size() <= kMaxRank;
  for (size_t d = 0; ok && d < type.sizes.size(); ++d) ok = type.sizes[d] >= 0 && type.strides[d] >= 0;
  if (!ok) throw CompileError(place + ": sizes " + to_string(type.sizes) + " and strides " + to_string(type.strides) + " are no tensor");
  type.numel();  // throws on overflow
  return type;
}

Effects effects_of(const exported::Node& node, const exported::Graph& graph) { return Reader(node, graph).read(); }

AliasSets::AliasSets(const exported::Graph& graph) {
  for (const exported::Node& node : graph.nodes) {
    const Effects effects = effects_of(node, graph);
    for (const Effects::Alias& a : effects.aliases) base_[a.result] = first(a.argument);
    for (const std::string& name : effects.writes) write(name);
  }
}

std::string AliasSets::first(const std::string& name) const {
  auto it = base_.find(name);
  return it == base_.end() ? name : it->second;
}

}  // namespace etc::compile
