// The compile half of a backend: which nodes it takes, and what it makes of the subgraphs that it gets. The run half is etc/delegate.h.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "ir/graph.h"

namespace etc::compile {

// How often each value is used, outputs included; values that nothing uses may be missing.
using Uses = std::unordered_map<const Value*, int>;

// A connected part of a graph that can run as one step: no path leaves it and comes back.
struct Subgraph {
  std::vector<const Node*> nodes;  // in execution order
  Values inputs;                   // what its nodes read and others make; contiguous when it runs
  Values constants;                // constants that its nodes read
  Values outputs;                  // what its nodes make and others read, or the program returns
};

struct Lowered {
  std::vector<std::byte> blob;   // handed to init; lies at a multiple of 64
  Values constants;              // arguments of the call after the inputs: those of the subgraph that the blob does not hold itself
  uint64_t workspace_bytes = 0;  // planned; shared with everybody between calls
  uint64_t instance_bytes = 0;   // planned in the arena; from init to destroy
};

struct Backend {
  const char* name;     // of --backend, and of the DelegateTable
  const char* summary;  // one line for --help
  // Empty when it takes the node, else the reason for people: lower case, without the node's name. Reads nothing but the node, its
  // operands and their producers.
  std::string (*refusal)(const Node& node, const Uses& uses);
  // Empty when a subgraph is worth a call, else the reason. Null: every subgraph is.
  std::string (*refusal_of_subgraph)(const Subgraph& subgraph);
  Lowered (*lower)(const Subgraph& subgraph, const Uses& uses);
  // Its delegates take sizes that vary from run to run (DelegateTable::kDynamicSizes): it is asked for nodes whose tensors' sizes are
  // expressions, too. What `lower` plans is for the largest, SymInt::upper(). Other arguments of its nodes are always fixed.
  bool takes_dynamic_sizes = false;
};

// Those of this build, one for each folder of backends/.
const std::vector<const Backend*>& builtin_backends();

}  // namespace etc::compile
