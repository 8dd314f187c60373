// Control flow as straight code: a graph with bodies becomes a flat one whose nodes are instructions, labels and jumps.
//
//   etc::label(int)   etc::jump(int)   etc::jump_if_false(Tensor predicate, int)   the int names a label of the graph
//   etc::begin()   etc::end()          around all of one cond or while
//   etc::swap(Tensor a, Tensor b)      exchanges the memory of two roots
//   etc::sizes(Tensor)                 binds the symbols of a result whose sizes the branches decide
//
// Values are variables there: the result of a cond is written in both branches, a carried value before the loop and in it. Where a branch
// or a body would have to copy into such a variable it computes right into it, if the two are never needed at once; a larger carried
// value that is still needed changes places with its successor instead.
#pragma once

#include <unordered_set>

#include "ir/graph.h"

namespace etc::compile {

bool has_flow(const Graph& graph);

// Nodes that are marks and jumps, no instructions.
bool is_mark(const Node& node);
inline bool is_swap(const Node& node) { return node.op == "etc::swap"; }

struct FlatGraph {
  const Graph* graph = nullptr;  // the given one when it has no control flow, else `made`
  std::unique_ptr<Graph> made;
  std::unordered_set<const Value*> swapped;  // roots
};

// `in_place` false: everything is copied, the code that others are compared with.
FlatGraph flatten_flow(const Graph& graph, bool in_place = true);

// A carried value of more bytes than this changes places rather than being copied.
constexpr int64_t kLargestCopiedCarry = 256;

}  // namespace etc::compile
