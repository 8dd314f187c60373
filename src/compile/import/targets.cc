// Targets as torch/_export/serde writes them: torch.ops.<namespace>.<op>.<overload>.
#include "import/targets.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace etc::compile {

std::string op_name(const std::string& target) {
  constexpr std::string_view kPrefix = "torch.ops.";
  if (target.compare(0, kPrefix.size(), kPrefix) != 0) return target;
  const size_t space = target.find('.', kPrefix.size()), overload = target.rfind('.');
  if (space == std::string::npos) return target;
  const std::string name = target.substr(kPrefix.size(), space - kPrefix.size()) + "::";
  if (overload == space) return name + target.substr(space + 1);
  const std::string op = target.substr(space + 1, overload - space - 1), suffix = target.substr(overload + 1);
  return name + op + (suffix == "default" ? "" : "." + suffix);
}

std::optional<std::string> functional_name(const std::string& op) {
  // In-place overloads whose functional form is called otherwise.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kRenamed = {{
      {"aten::floor_divide_.Tensor", "aten::floor_divide"},
      {"aten::transpose_", "aten::transpose.int"},
      {"aten::pow_.Scalar", "aten::pow.Tensor_Scalar"},
      {"aten::pow_.Tensor", "aten::pow.Tensor_Tensor"},
      {"aten::float_power_.Scalar", "aten::float_power.Tensor_Scalar"},
      {"aten::float_power_.Tensor", "aten::float_power.Tensor_Tensor"},
      {"aten::bernoulli_.float", "etc::bernoulli"},
      {"aten::normal_", "aten::normal_functional"},
  }};
  for (const auto& [in_place, functional] : kRenamed)
    if (op == in_place) return std::string(functional);
  const size_t start = op.find("::");
  if (start == std::string::npos) return std::nullopt;
  const size_t dot = op.find('.', start);
  const std::string base = op.substr(0, dot), overload = dot == std::string::npos ? "" : op.substr(dot);
  const std::string_view stem = std::string_view(base).substr(start + 2);
  if (stem.size() > 5 && stem.substr(0, 3) == "__i" && stem.substr(stem.size() - 2) == "__")  // __iand__
    return base.substr(0, start + 4) + base.substr(start + 5) + overload;
  if (stem.size() < 2 || stem.back() != '_' || stem[stem.size() - 2] == '_') return std::nullopt;
  return base.substr(0, base.size() - 1) + overload;
}

bool is_builtin(const std::string& op) {
  const size_t end = op.find("::");
  if (end == std::string::npos) return true;
  const std::string space = op.substr(0, end);
  return space == "aten" || space == "prims" || space == "prim" || space == "higher_order" || space == "_c10d_functional" ||
         space == "inductor" || space == "export";
}

std::vector<size_t> written_arguments(const exported::Node& node) {
  const std::string op = op_name(node.target);
  const bool by_name = functional_name(op).has_value();
  const bool no_results = std::all_of(node.outputs.begin(), node.outputs.end(), [](const auto& o) { return o.template is<None>(); });
  std::vector<size_t> written;
  if (is_builtin(op) || (!by_name && !no_results)) return written;
  for (size_t i = 0; i < node.inputs.size() && (no_results || written.empty()); ++i)
    if (node.inputs[i].argument.is<exported::Tensor>()) written.push_back(i);
  return written;
}

bool returns_written(const exported::Node& node) {
  return !written_arguments(node).empty() && !node.outputs.empty() && node.outputs[0].is<exported::Tensor>();
}

std::string place_of(const exported::Node& node) {
  std::string place = "node '" + node.name + "'";
  std::string where;
  if (node.source && !node.source->file.empty()) where = node.source->file + ":" + std::to_string(node.source->line);
  if (node.source && !node.source->module.empty()) where += (where.empty() ? "in " : ", in ") + node.source->module;
  return where.empty() ? place : place + " (" + where + ")";
}

const exported::Argument* find_argument(const exported::Node& node, const char* name) {
  for (const exported::NamedArgument& a : node.inputs)
    if (a.name == name && !a.argument.is<None>()) return &a.argument;
  return nullptr;
}

}  // namespace etc::compile
