// Names of exported nodes: what they call, and where they come from.
#pragma once

#include <optional>
#include <string>

#include "import/exported.h"

namespace etc::compile {

// "torch.ops.aten.add.Tensor" → "aten::add.Tensor", "torch.ops.aten.relu.default" → "aten::relu"; others unchanged.
std::string op_name(const std::string& target);

// "aten::add_.Tensor" → "aten::add.Tensor"; empty when the op does not work in place.
std::optional<std::string> functional_name(const std::string& op);

// "node 'add_1' (model.py:42, in layer1.0)".
std::string place_of(const exported::Node& node);

// The argument of this schema name, or null when it is left out or None.
const exported::Argument* find_argument(const exported::Node& node, const char* name);

}  // namespace etc::compile
