// What several passes need: putting a value of any strides in the place of another, and asking what kernels take.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/graph.h"

namespace etc::compile {

// Nodes that use each value, in order; a node appears once.
std::unordered_map<const Value*, std::vector<Node*>> consumers_of(const Graph& graph);

// A window {sizes, strides, offset} on the elements of `of` in row-major order, as strides and offset on the memory where `of` lies
// with its own strides; empty when no strides can say it.
struct Window {
  Sizes strides;
  SymInt offset = 0;
};
std::optional<Window> compose(const TensorType& of, const Sizes& sizes, const Sizes& strides, const SymInt& offset);

// Makes every user of `value` (a root) use `other`, which has the same elements, dtype and sizes but may be a view: windows on the one
// become windows on the root of the other. False, and nothing changed, when that cannot be.
bool replace_root(Graph& graph, Value* value, Value* other);

// The same where it must succeed: windows that cannot become windows on the root of the other become windows on a copy of it. The other
// takes the name as well, under which users know these elements.
void replace_by_view(Graph& graph, Value* value, Value* other);

// Where something comes from whose elements are those of the model's node, but not in its order or sizes: its node is called "NODE_form",
// so that no tool takes it for the node's result. Null for null.
std::shared_ptr<const Source> in_other_form(const std::shared_ptr<const Source>& source, const char* form);

// Whether the op of `node` has a kernel when `type_of` says how its operands lie. External ops and control flow take what is contiguous.
bool takes(const Node& node, const std::function<TensorType(const Value*)>& type_of);

// The tensor that argument i is; null for None.
Value* tensor_argument(const Node& node, size_t i);
inline bool is_f32(const Value* v) { return v->type.dtype == DType::F32; }
// A constant, or a window on one, whose elements are known now.
bool is_fixed_constant(const Value* v);
// A new constant of f32, which `fill` writes in row-major order.
Value* add_floats(Graph& graph, const std::string& name, Sizes sizes, const std::function<void(float*)>& fill);

// The element that all of a constant's elements, or all those of a view of one, are equal to bit by bit; null when they are not.
const std::byte* uniform_element(const Value* v);
// That element as a number; empty for masks and complex numbers too.
std::optional<double> number_of(const Value* v);
// An argument that is a number and known now.
std::optional<double> fixed_number(const Argument& a);

}  // namespace etc::compile
