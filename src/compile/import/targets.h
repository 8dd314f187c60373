// Names of exported nodes: what they call, and where they come from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "import/exported.h"

namespace etc::compile {

// "torch.ops.aten.add.Tensor" → "aten::add.Tensor", "torch.ops.aten.relu.default" → "aten::relu"; others unchanged.
std::string op_name(const std::string& target);

// "aten::add_.Tensor" → "aten::add.Tensor"; empty when the op does not work in place.
std::optional<std::string> functional_name(const std::string& op);

// Namespaces that are PyTorch's own: an op there that etc does not know is a gap of etc, not a custom op.
bool is_builtin(const std::string& op);

// Which of a custom op's arguments it may write, as places in `node.inputs`. The file does not hold schemas, but PyTorch's conventions
// tell: an op without results works by its effect on its tensors, and one whose name ends in "_" changes and returns the first. Exact
// only after run_decompositions(), which leaves neither.
std::vector<size_t> written_arguments(const exported::Node& node);
// Whether result 0 of the node is the argument that it writes.
bool returns_written(const exported::Node& node);

// "node 'add_1' (model.py:42, in layer1.0)".
std::string place_of(const exported::Node& node);

// The argument of this schema name, or null when it is left out or None.
const exported::Argument* find_argument(const exported::Node& node, const char* name);

}  // namespace etc::compile
