// Runs a graph node by node with the portable kernels and memory from the heap: constant folding, and the judge of passes and plans.
#pragma once

#include <unordered_map>

#include "ir/graph.h"

namespace etc::compile {

// Bytes of values, each contiguous in its root's layout; keys are roots.
using Environment = std::unordered_map<const Value*, ConstantData>;

// Runs one node (not a view; its operands' roots are constants or in `env`) and adds its results to `env`.
// Throws CompileError when a kernel fails (a bad index in a constant) and for what only graphs with sizes that vary have; InternalError
// when there is no kernel.
void run_node(const Node& node, Environment& env);

// Runs all nodes; `env` holds the inputs and states. Afterwards gather(v) reads any value.
void run_graph(const Graph& graph, Environment& env);

// The elements of `v` (a view too), contiguous.
ConstantData gather(const Value* v, const Environment& env);

}  // namespace etc::compile
