// What an external node says of itself. Its arguments have the names of a schema that the compiler does not know; a name that ends in
// "!" belongs to an argument that the op writes. The new values of these are the last results, in the order of the names.
#pragma once

#include "ir/graph.h"

namespace etc::compile {

inline bool writes_argument(const Node& node, size_t i) {
  return i < node.arg_names.size() && !node.arg_names[i].empty() && node.arg_names[i].back() == '!';
}

// Calls f(argument index, new value) for each argument that the node writes. The node has passed the verifier.
template <class F>
void for_each_written(const Node& node, F f) {
  size_t result = node.results.size();
  for (size_t i = 0; i < node.arg_names.size(); ++i) result -= writes_argument(node, i);
  for (size_t i = 0; i < node.arg_names.size(); ++i)
    if (writes_argument(node, i)) f(i, node.results[result++]);
}

}  // namespace etc::compile
