// Uses the operand of a copy instead of the copy: values never change, so a copy is only a layout. Where a kernel or the caller needs
// the layout, the legalise pass copies again.
#include "passes/pass.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

bool run(Graph& graph) {
  bool changed = false;
  for (auto it = graph.nodes.begin(); it != graph.nodes.end();) {
    const Node& node = **it;
    // A copy stays when a view of it cannot be a view of the operand: the reshape of a transposed tensor.
    if (node.op == "etc::copy" && replace_root(graph, node.results[0], std::get<Value*>(node.args[0]))) {
      it = graph.nodes.erase(it);
      changed = true;
    } else {
      ++it;
    }
  }
  return changed;
}

}  // namespace

extern const Pass remove_copies;
constinit const Pass remove_copies = {"remove-copies", "use what is copied instead of the copy", run};

}  // namespace etc::compile::passes
