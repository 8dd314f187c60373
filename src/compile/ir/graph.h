// The compiler's program: a functional graph of nodes in execution order. Everything after import works on this.
//
// Memory is not in the IR, but views are: `etc::view(Tensor self, int[] size, int[] stride, int offset)` is a strided window on the
// bytes of its operand. The operand of a view is never itself a view (a root), so aliases are one step away: root_of(v).
// Every root is contiguous in row-major order. In-place writes of the model have become `etc::view_scatter`.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "etc/base.h"
#include "ir/sym.h"

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

// Sizes and strides in elements. They may be expressions over symbols; ranges bound them, so memory can be planned.
struct TensorType {
  DType dtype = DType::F32;
  Sizes sizes;
  Sizes strides;

  TensorType() = default;
  TensorType(DType d, Sizes s);  // contiguous
  TensorType(DType d, Sizes s, Sizes st) : dtype(d), sizes(std::move(s)), strides(std::move(st)) {}
  SymInt numel() const;
  bool is_fixed() const { return sizes.is_fixed() && strides.is_fixed(); }
  // Of symbolic sizes the most that they can be; CompileError when there is no bound.
  int64_t bytes() const;
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
// bool before int64_t: keep what the model wrote, the difference drives type promotion. SymInt, SymReal and Sizes stand only for numbers
// that are not fixed: constants are int64_t, double and std::vector<int64_t>, whatever they are made from.
using AnyArgument = std::variant<None, Value*, bool, int64_t, double, std::string, Values, std::vector<int64_t>, std::vector<double>,
                                 std::vector<bool>, SymInt, SymReal, Sizes>;
class Argument : public AnyArgument {
 public:
  Argument() = default;
  template <class T>
    requires(!std::derived_from<std::remove_cvref_t<T>, AnyArgument> && std::constructible_from<AnyArgument, T>)
  Argument(T&& t) : AnyArgument(std::forward<T>(t)) {}
  Argument(SymInt n);
  Argument(SymReal r);
  Argument(Sizes sizes);
};
// The number, the list that an argument holds, whether fixed or not; InternalError when it holds another kind.
SymInt sym_of(const Argument& a);
Sizes syms_of(const Argument& a);
bool is_int(const Argument& a);   // fixed or not; bool is none
bool is_ints(const Argument& a);  // a list of them

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
  std::map<std::string, SymbolRef> symbols;  // of sizes and numbers, by name

  Graph() = default;
  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;

  // New values. A name that is taken gets a number. Constants with the same bytes and type become one value.
  Value* add_input(std::string name, TensorType type);
  Value* add_state(std::string name, TensorType type, ConstantData initial);
  Value* add_constant(std::string name, TensorType type, ConstantData data);
  // A symbol; a name that is taken gets a number.
  SymbolRef add_symbol(std::string name, int64_t lower, int64_t upper, bool is_real = false);
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
  // Removes nodes that nothing uses, an item's symbol included. True if any was.
  bool remove_dead();
  // Gives back the bytes of constants that no node and no output uses; they are not found again.
  void forget_unused_constants();
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
SymInt view_offset(const Value* v);  // elements; 0 for a root

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

// Ops that are no kernels, have no results and become a part of an `eval` instruction of the program:
//   etc::item(Tensor self, symbol)           the symbol is the element of a 0-d tensor
//   etc::check(SymInt condition, str what)   the run fails with BadShape when it is 0
inline bool is_eval_op(const Node& node) { return node.op == "etc::item" || node.op == "etc::check"; }
// Calls f(symbol) for every symbol in the arguments, the operands' and the results' types; an item's own symbol is left out.
void for_each_symbol(const Node& node, const std::function<void(const SymbolRef&)>& f);
void for_each_symbol(const TensorType& type, const std::function<void(const SymbolRef&)>& f);
void for_each_symbol(const Argument& argument, const std::function<void(const SymbolRef&)>& f);  // of the number itself
bool has_symbols(const Node& node);
bool has_symbols(const Value& v);

// Methods that share weights and state.
struct Model {
  std::vector<Graph> methods;
};

}  // namespace etc::compile
