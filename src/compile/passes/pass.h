// What a pass is, and the list of them in order. A pass takes a graph to an equal one.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace etc::compile {

struct Pass {
  const char* name;                   // --disable-pass=NAME
  const char* summary;                // one line for --help and the man page
  bool (*run)(Graph& graph);          // true if it changed anything
  bool optional = true;               // false: lowering that cannot be switched off
  bool needs_packed_kernels = false;  // makes ops of ops/cpu, or only helps them: left out where programs must run everywhere
  bool for_latency = false;           // makes programs larger: only with --optimize-for latency
};

// In the order they run (passes/passes.cc is the list).
const std::vector<Pass>& all_passes();

// Runs one pass on the bodies of the graph's control flow, inner ones first, then on the graph. True if it changed anything.
bool run_pass(const Pass& pass, Graph& graph);

// A pass of a plugin, and where it runs: "after import", "before lower", or before or after the first run of a built-in pass.
struct PlacedPass {
  Pass pass;
  std::string place;
};
// The built-in passes with these among them; at one place they run in order. CompileError (kEnvironment) for a place that is not there and
// a name that is taken.
std::vector<Pass> passes_with(const std::vector<PlacedPass>& placed);

struct PassTimes {
  std::string name;
  double milliseconds;
};

// What the passes of these names do, where options ask for it; else they do nothing.
struct OptionalWork {
  std::function<bool(Graph&)> partition = {}, narrow_weights = {};
};

// Runs each of `passes` that is not in `disabled`, verifying the graph after it. `dump`, when given, sees the graph after each pass.
void run_passes(Graph& graph, const std::vector<Pass>& passes, const std::set<std::string>& disabled,
                void (*dump)(void*, const Graph&, const char* stage), void* dump_state, std::vector<PassTimes>* times,
                const OptionalWork& work = {});

}  // namespace etc::compile
