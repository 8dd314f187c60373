// Checks what every stage relies on: operands come before uses and belong to the graph, view operands are roots and windows lie inside
// them, node results agree with the op's infer, outputs exist, names are unique. Throws InternalError naming the stage and node.
#pragma once

#include "ir/graph.h"

namespace etc::compile {

void verify(const Graph& graph, const char* stage);

}  // namespace etc::compile
