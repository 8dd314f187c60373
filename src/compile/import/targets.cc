// Targets as torch/_export/serde writes them: torch.ops.<namespace>.<op>.<overload>.
#include "import/targets.h"

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
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kRenamed = {{
      {"aten::floor_divide_.Tensor", "aten::floor_divide"},
      {"aten::transpose_", "aten::transpose.int"},
      {"aten::pow_.Scalar", "aten::pow.Tensor_Scalar"},
      {"aten::pow_.Tensor", "aten::pow.Tensor_Tensor"},
      {"aten::float_power_.Scalar", "aten::float_power.Tensor_Scalar"},
      {"aten::float_power_.Tensor", "aten::float_power.Tensor_Tensor"},
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
