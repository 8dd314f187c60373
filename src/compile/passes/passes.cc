// The list of passes, in the order they run. A pass's file says what it does; adding one is that file and a word here.
#include <algorithm>
#include <chrono>

#include "ir/error.h"
#include "ir/verifier.h"
#include "passes/pass.h"

namespace etc::compile {
namespace passes {
// Places in the list: backends take their subgraphs when all is folded and nothing is bent to fit our kernels yet, and weights become
// narrow when nobody changes them any more.
constexpr auto kNothing = [](Graph&) { return false; };
constinit const Pass partition = {"partition", "give subgraphs to the backends of --backend", kNothing, false};
constinit const Pass narrow_weights = {"narrow-weights", "packed weights in 16 bits, with --precision", kNothing, false, true};
extern const Pass dead_code, fast_kernels, find_activations, find_attention, fold_batch_norm, fold_constants, fuse_blocks, fuse_epilogue,
    fuse_pointwise, keep_channels_last, legalise, merge_common, order_for_memory, own_written, pack_weights, read_planes, remove_copies,
    remove_noops, winograd;
}  // namespace passes

const std::vector<Pass>& all_passes() {
  using namespace passes;
  static const std::vector<Pass> list = {
      dead_code,
      fold_constants,
      remove_copies,
      remove_noops,
      fold_batch_norm,
      merge_common,
      dead_code,
      partition,
      // Where the CPU has kernels of ops/cpu.
      find_attention,
      fast_kernels,
      remove_copies,  // the reshape behind attention, whose result lies the other way now
      pack_weights,
      keep_channels_last,
      dead_code,
      find_activations,
      fuse_epilogue,
      winograd,
      read_planes,
      narrow_weights,
      fuse_blocks,
      dead_code,
      // What is fused keeps its operands alive: how long they live otherwise is known when the nodes have their order.
      order_for_memory,
      fuse_pointwise,
      // Constants are folded again for the copies that legalising makes of them.
      legalise,
      fold_constants,
      dead_code,
      own_written,
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

std::vector<Pass> passes_with(const std::vector<PlacedPass>& placed) {
  const std::vector<Pass>& built_in = all_passes();
  auto index_of = [&](const std::string& name) {
    const auto it = std::find_if(built_in.begin(), built_in.end(), [&](const Pass& p) { return name == p.name; });
    return static_cast<size_t>(it - built_in.begin());
  };
  // Before the pass of each number; the last is the end.
  std::vector<std::vector<Pass>> at(built_in.size() + 1);
  std::set<std::string> names;
  for (const auto& [pass, place] : placed) {
    if (index_of(pass.name) < built_in.size() || !names.insert(pass.name).second)
      throw CompileError(std::string("a plugin's pass is called ") + pass.name + ", as another pass is", kEnvironment);
    const bool is_after = place.starts_with("after ");
    const size_t index = index_of(place.substr(place.find(' ') + 1));
    if (place == "after import") {
      at.front().push_back(pass);
    } else if (place == "before lower") {
      at.back().push_back(pass);
    } else if (index < built_in.size() && (is_after || place.starts_with("before "))) {
      at[index + is_after].push_back(pass);
    } else {
      throw CompileError(std::string("a plugin's pass ") + pass.name + " is to run " + place + ", which is no place", kEnvironment);
    }
  }
  std::vector<Pass> all;
  for (size_t i = 0; i < at.size(); ++i) {
    all.insert(all.end(), at[i].begin(), at[i].end());
    if (i < built_in.size()) all.push_back(built_in[i]);
  }
  return all;
}

void run_passes(Graph& graph, const std::vector<Pass>& passes, const std::set<std::string>& disabled,
                void (*dump)(void*, const Graph&, const char* stage), void* dump_state, std::vector<PassTimes>* times,
                const OptionalWork& work) {
  for (const Pass& pass : passes) {
    if (pass.optional && disabled.count(pass.name)) continue;
    const auto start = std::chrono::steady_clock::now();
    if (work.partition && pass.name == passes::partition.name)
      on_all(graph, work.partition);
    else if (work.narrow_weights && pass.name == passes::narrow_weights.name)
      on_all(graph, work.narrow_weights);
    else
      on_all(graph, pass.run);
    verify(graph, pass.name);
    if (times) times->push_back({pass.name, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count()});
    if (dump) dump(dump_state, graph, pass.name);
  }
}

}  // namespace etc::compile
