// Programs of etc::pointwise (ops/cpu/pointwise.h) for small graphs of elementwise ops.
#pragma once

#include <functional>
#include <optional>
#include <unordered_set>
#include <vector>

#include "ir/graph.h"

namespace etc::compile {

// Whether the node is an elementwise op of f32 and masks that has instructions; its operands may be of any sizes.
bool has_instructions(const Node& node);

struct PointwiseProgram {
  Values inputs;  // tensors, none twice
  std::vector<double> numbers;
  std::vector<int64_t> instructions;
};

// What computes the result of `root` from what is not computed by `members`, each of which has instructions and the sizes of the root.
// Constants whose elements are all equal become numbers. One of the inputs for which `is_first` holds comes first. Empty when it takes more
// places than there are, or has no f32 to begin with.
std::optional<PointwiseProgram> write_program(const Node& root, const std::unordered_set<const Node*>& members,
                                              const std::function<bool(const Value*)>& is_first);

}  // namespace etc::compile
