// The compile side of the graph blob: nodes of the IR as its records.
#pragma once

#include <string>
#include <vector>

#include "backends/graph/format.h"
#include "partition/backend.h"

namespace etc::compile {

// A node of the IR in the blob's words.
struct GraphNode {
  graph::BlobNode record{};            // but for the operands
  std::vector<const Value*> operands;  // null: absent
  const Value* result = nullptr;
};

// Empty when `node` has a form in the blob, which is in `*out` then; else why not.
std::string translate(const Node& node, const Uses& uses, GraphNode* out);

// The blob of a subgraph whose nodes all translate, with a workspace for what lies between them.
Lowered write_blob(const Subgraph& subgraph, const Uses& uses);

// Bytes of copies of inputs and results, each with `extra` bytes after it, at multiples of 64: graph/layout.h of the run side.
uint64_t staging_bytes(const Subgraph& subgraph, uint64_t extra);

}  // namespace etc::compile
