// A program's nodes as one list: regions that only switch gradients or autocast are inlined, effect tokens dropped. Control flow stays.
#pragma once

#include "import/exported.h"

namespace etc::compile {

// Throws CompileError for higher-order operators that etc does not have. `autocast`: the graph belongs to a region of autocast.
exported::Graph flatten(const exported::Graph& graph, bool autocast = false);

}  // namespace etc::compile
