// Python's arithmetic on numbers that are known when compiling: what export leaves of a model's own size computations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace etc::compile {

// The result of "_operator.add", "torch.sym_max", "math.trunc" and the like; empty for other functions and for operands that are not
// numbers or do not fit (division by zero, overflow).
std::optional<Argument> fold_scalars(const std::string& target, const std::vector<Argument>& operands);

}  // namespace etc::compile
