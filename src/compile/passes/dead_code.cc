// Removes nodes that no output needs.
#include "passes/pass.h"

namespace etc::compile::passes {

extern const Pass dead_code;
constinit const Pass dead_code = {"dead-code", "remove what no output needs", [](Graph& graph) { return graph.remove_dead(); }};

}  // namespace etc::compile::passes
