// Removes nodes that no output needs.
#include "passes/pass.h"

namespace etc::compile::passes {

extern const Pass dead_code;
constinit const Pass dead_code = {"dead-code", "remove what no output needs", [](Graph& graph) {
                                    const bool changed = graph.remove_dead();
                                    graph.forget_unused_constants();
                                    return changed;
                                  }};

}  // namespace etc::compile::passes
