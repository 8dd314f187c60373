// What a library for `etc-compile --plugin` exports: passes that the compiler then runs like its own, planners,
// and the compile sides of backends.
//
//   bool run(etc::compile::Graph& graph) { return etc::compile::rewrite(graph, …); }
//   ETC_COMPILER_PLUGIN(plugin) { plugin.add_pass({"fuse-snake", "one kernel for the whole activation", run}); }
//
// A plugin is C++ over the compiler's own classes, so it loads only into the very build whose headers it was compiled with.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "build_id.h"
#include "partition/backend.h"
#include "passes/pass.h"
#include "passes/pattern.h"
#include "plan/planner.h"

namespace etc::compile {

class Plugin {
 public:
  // Where it runs: "before NAME" or "after NAME" of a built-in pass, of whose runs the first is meant; "after import", before all
  // passes; or "before lower", after all. From `legalise` on, every node must have a kernel that takes its operands as they lie. Names and
  // summaries stay valid while the library is loaded, which is to the end.
  void add_pass(Pass pass, std::string place = "before fuse-pointwise") { passes.push_back({pass, std::move(place)}); }

  // For --planner NAME.
  void add_planner(Planner planner) { planners.push_back(std::move(planner)); }

  // For --backend NAME. It stays valid while the library is loaded.
  void add_backend(const Backend* backend) { backends.push_back(backend); }

  std::vector<PlacedPass> passes;
  std::vector<Planner> planners;
  std::vector<const Backend*> backends;
};

}  // namespace etc::compile

#define ETC_COMPILER_PLUGIN(plugin)                                  \
  extern "C" const char* etc_plugin_build() { return ETC_BUILD_ID; } \
  extern "C" void etc_plugin_register(::etc::compile::Plugin& plugin)
