// Strides of views: what can be a window on the same bytes. Builder's view functions (builder.h) stand on these.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace etc::compile {

// Strides that show the elements of {sizes, strides} in the same order under new sizes of equal count; empty when only a copy can
// (PyTorch's computeStride).
std::optional<Sizes> view_strides(const Sizes& sizes, const Sizes& strides, const Sizes& new_sizes);

// Replaces the one -1 among sizes. CompileError when the count of elements does not come out.
Sizes resolve_sizes(Sizes sizes, const SymInt& numel);

// If {sizes, strides} show each of n elements exactly once: the order of dimensions, outermost first.
std::optional<std::vector<int64_t>> dense_order(const Sizes& sizes, const Sizes& strides, const SymInt& n);

// Equal where it matters: in dimensions of more than one element.
bool same_strides(const Sizes& sizes, const Sizes& a, const Sizes& b);

// "f32[2,3]", with strides when they are not the contiguous ones.
std::string to_string(const TensorType& type);
std::string to_string(const Sizes& sizes);

}  // namespace etc::compile
