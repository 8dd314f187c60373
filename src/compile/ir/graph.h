// The compiler's program: a functional graph of nodes in execution order. Everything after import works on this.
//
// Memory is not in the IR, but views are: `etc::view(Tensor self, int[] size, int[] stride, int offset)` is a strided window on the
// bytes of its operand. The operand of a view is never itself a view (a root), so aliases are one step away: root_of(v).
// Every root is contiguous in row-major order. In-place writes of the model have become `etc::view_scatter`.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "etc/base.h"

namespace etc::compile {

class Graph;
struct Node;

// Where in the user's model something comes from; shared by all nodes that one model line became.
struct Source {
  std::string node;    // name of the exported node
  std::string module;  // module path, "layer1.0.conv"
  std::string file;    // as recorded, shortened to its last two parts
  uint32_t line = 0;   // 0: unknown
};

using Sizes = std::vector<int64_t>;

// Sizes and strides in elements.
struct TensorType {
  DType dtype = DType::F32;
  Sizes sizes;
  Sizes strides;

  TensorType() = default;
  TensorType(DType d, Sizes s);  // contiguous
  TensorType(DType d, Sizes s, Sizes st) : dtype(d), sizes(std::move(s)), strides(std::move(st)) {}
  int64_t numel() const;
  int64_t bytes() const { return numel() * size_in_bytes(dtype); }
  bool is_contiguous() const;
  bool operator==(const TensorType&) const = default;
};

Sizes contiguous_strides(const Sizes& sizes);

// Bytes of a constant; `owner` keeps them alive (a mapped archive, a vector).
struct ConstantData {
  std::shared_ptr<const void> owner;
  const std::byte* data = nullptr;
  uint64_t bytes = 0;
  static ConstantData copy_of(const void* data, size_t bytes);
};

struct Value {
  enum class Kind : uint8_t { Input, State, Constant, Result };
  Kind kind = Kind::Result;
  uint32_t id = 0;   // unique in the graph, stable under passes
  std::string name;  // unique in the graph; what --dump-ir and --plan show
  TensorType type;
  Node* producer = nullptr;  // Result only
  ConstantData constant;     // Constant; State: the initial bytes
  std::string label;         // Input: calling name; State and Constant: fully qualified name in the model, or empty
};

struct None {
  bool operator==(const None&) const = default;
};
using Values = std::vector<Value*>;  // a null element stands for None in an optional list
// bool before int64_t: keep what the model wrote, the difference drives type promotion.
using Argument =
    std::variant<None, Value*, bool, int64_t, double, std::string, Values, std::vector<int64_t>, std::vector<double>, std::vector<bool>>;

// What a backend made of a subgraph (partition/backend.h).
struct Delegate {
  std::string backend;
  ConstantData blob;
  uint64_t workspace_bytes = 0, instance_bytes = 0;
};

struct Node {
  std::string op;                      // "aten::add.Tensor": schema text up to its parenthesis
  std::vector<Argument> args;          // schema order, complete; external ops: as given
  std::vector<std::string> arg_names;  // external ops only
  std::vector<Value*> results;
  std::shared_ptr<const Source> source;        // may be null
  std::vector<std::unique_ptr<Graph>> bodies;  // of control flow (ir/flow.h), name spaces of their own
  bool is_external() const { return !arg_names.empty() || external; }
  bool external = false;
  std::shared_ptr<const Delegate> delegate;  // of "delegate::NAME", which to passes is an external op: arguments by position
};

struct Output {
  enum class Kind : uint8_t { User, State, Input };  // State, Input: the new value of `target` after the run
  Kind kind = Kind::User;
  std::string name;
  Value* value = nullptr;
  Value* target = nullptr;
};

class Graph {
 public:
  using NodeList = std::list<std::unique_ptr<Node>>;
  std::string name = "forward";
  std::vector<Value*> inputs;   // user inputs in calling order
  std::vector<Value*> states;   // mutated buffers, parameters and constants of the model
  std::vector<Output> outputs;  // user outputs in order, then mutations
  NodeList nodes;               // in execution order; a node's operands come before it

  Graph() = default;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;

  // New values. A name that is taken gets a number. Constants with the same bytes and type become one value.
  Value* add_input(std::string name, TensorType type);
  Value* add_state(std::string name, TensorType type, ConstantData initial);
  Value* add_constant(std::string name, TensorType type, ConstantData data);
  // Appends before `where` (default: at the end). One result for each type.
  Node* add_node(std::string op, std::vector<Argument> args, std::vector<TensorType> results,
                 std::shared_ptr<const Source> source = nullptr, const std::string& name = {});
  Node* insert_node(NodeList::iterator where, std::string op, std::vector<Argument> args, std::vector<TensorType> results,
                    std::shared_ptr<const Source> source = nullptr, const std::string& name = {});

  // Gives `v` another name; a name that is taken gets a number.
  void rename(Value* v, std::string name);

  // Every use (arguments, list elements, outputs) of a key becomes its mapped value; chains are followed.
  // A view whose operand becomes a view is composed, so operands stay roots.
  void replace_uses(const std::unordered_map<Value*, Value*>& map);
  // How often each value is used by nodes and outputs.
  std::unordered_map<const Value*, int> use_counts() const;
  // Removes nodes that nothing uses. True if any was.
  bool remove_dead();
  const std::vector<std::unique_ptr<Value>>& values() const { return values_; }
  std::vector<Value*> constants() const;  // those in use, by first use

 private:
  Value* new_value(Value::Kind kind, std::string name, TensorType type);
  std::string unique_name(std::string name);
  std::vector<std::unique_ptr<Value>> values_;
  std::unordered_map<std::string, int> names_;
  std::unordered_map<uint64_t, std::vector<Value*>> constants_by_hash_;
  uint32_t next_id_ = 0;
};

// The value whose bytes `v` looks at: the operand of the view that made it, or v itself.
Value* root_of(Value* v);
bool is_view(const Value* v);
int64_t view_offset(const Value* v);  // elements; 0 for a root

// Calls f(Value*&) for each value among the arguments, list elements too (null elements left out).
template <class F>
void for_each_operand(Node& node, F f) {
  for (Argument& a : node.args) {
    if (auto* v = std::get_if<Value*>(&a)) {
      f(*v);
    } else if (auto* list = std::get_if<Values>(&a)) {
      for (Value*& element : *list)
        if (element) f(element);
    }
  }
}
template <class F>
void for_each_operand(const Node& node, F f) {
  for (const Argument& a : node.args) {
    if (auto* v = std::get_if<Value*>(&a)) {
      f(*v);
    } else if (auto* list = std::get_if<Values>(&a)) {
      for (Value* element : *list)
        if (element) f(element);
    }
  }
}

// Methods that share weights and state.
struct Model {
  std::vector<Graph> methods;
};

}  // namespace etc::compile
