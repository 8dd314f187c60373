// The list of passes, in the order they run. A pass's file says what it does; adding one is that file and a word here.
#include <chrono>

#include "ir/verifier.h"
#include "passes/pass.h"

namespace etc::compile {
namespace passes {
// A place in the list: backends take their subgraphs when all is folded and nothing is bent to fit our kernels yet.
constinit const Pass partition = {"partition", "give subgraphs to the backends of --backend", [](Graph&) { return false; }, false};
extern const Pass dead_code, fold_batch_norm, fold_constants, legalise, merge_common, order_for_memory, remove_copies, remove_noops;
}

const std::vector<Pass>& all_passes() {
  using namespace passes;
  static const std::vector<Pass> list = {
      dead_code,        fold_constants, remove_copies, remove_noops,   fold_batch_norm,
      merge_common,     dead_code,      partition,      legalise,      fold_constants, dead_code,  // copies of constants that legalising made
      order_for_memory,
  };
  return list;
}

namespace {
// On the bodies of control flow, inner ones first, then on the graph itself.
bool on_all(Graph& graph, const std::function<bool(Graph&)>& run) {
  bool changed = false;
  for (const auto& node : graph.nodes)
    for (const auto& body : node->bodies) changed |= on_all(*body, run);
  return run(graph) || changed;
}
}  // namespace

bool run_pass(const Pass& pass, Graph& graph) { return on_all(graph, pass.run); }

void run_passes(Graph& graph, const std::set<std::string>& disabled, void (*dump)(void*, const Graph&, const char* stage), void* dump_state,
                std::vector<PassTimes>* times, const std::function<bool(Graph&)>& partition) {
  for (const Pass& pass : all_passes()) {
    if (pass.optional && disabled.count(pass.name)) continue;
    const auto start = std::chrono::steady_clock::now();
    if (partition && pass.name == passes::partition.name)
      on_all(graph, partition);
    else
      on_all(graph, pass.run);
    verify(graph, pass.name);
    if (times) times->push_back({pass.name, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count()});
    if (dump) dump(dump_state, graph, pass.name);
  }
}

}  // namespace etc::compile
