// A program's nodes as one straight list: regions that only switch gradients off are inlined, effect tokens dropped.
#pragma once

#include "import/exported.h"

namespace etc::compile {

// Throws CompileError for higher-order operators that etc does not have (control flow).
exported::Graph flatten(const exported::Graph& graph);

}  // namespace etc::compile
