// From what a .pt2 file says to the compiler's functional graph: in-place writes become values, mutations become outputs.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "import/archive.h"
#include "import/exported.h"
#include "import/symbols.h"
#include "ir/graph.h"

namespace etc::compile {

struct ImportOptions {
  std::vector<std::string>* warnings = nullptr;  // gets what was left out on purpose, one line each
  std::vector<std::string> external = {};        // --external: globs over names of PyTorch's ops that stay calls by name
  std::set<std::string> states = {};             // weights that other methods of the program write: states here too, not constants
  MaxDims max_dims = {};                         // upper bounds of sizes
  BoundUse* bound_use = nullptr;                 // gets which of them the model knows
};

// The weight of a fully qualified name; called only for weights that the program uses.
using WeightSource = std::function<Weight(const std::string& fqn)>;

// Throws CompileError naming node and line of the user's model for what etc does not support (all unknown ops at once), and
// when a result's dtype or sizes are not those that the file states.
Graph import_graph(const exported::ExportedProgram& program, const WeightSource& weight, const ImportOptions& options = {});

}  // namespace etc::compile
