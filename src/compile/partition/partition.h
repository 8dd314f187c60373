// Gives subgraphs to backends: each becomes one node, a call of a delegate.
#pragma once

#include "partition/backend.h"

namespace etc::compile {

struct PartitionReport {
  struct Delegate {
    std::string method, backend;
    size_t nodes = 0;
    uint64_t blob_bytes = 0, workspace_bytes = 0, instance_bytes = 0;
  };
  struct Refusal {
    std::string method, node, op, backend, reason;
    std::shared_ptr<const Source> source;  // may be null
  };
  std::vector<Delegate> delegates;
  std::vector<Refusal> refusals;  // of nodes that no backend took; one for each backend asked
};

// Each node goes to the first of `backends` that takes it. A backend gets its nodes as maximal connected subgraphs. Views stay outside
// unless a backend takes them. True if anything changed.
bool partition(Graph& graph, const std::vector<const Backend*>& backends, PartitionReport* report);

}  // namespace etc::compile
