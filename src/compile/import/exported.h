// What a .pt2 file says, as plain structs: PyTorch's ExportedProgram (torch/_export/serde/schema.py, major 8) before any meaning is
// given to it. Names are those of the file. What the reader does not know is kept as such and fails when somebody uses it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ir/error.h"
#include "ir/graph.h"

namespace etc::compile::exported {

using compile::None;

// A number of the user's shapes: `text` is sympy.srepr, "Mul(Integer(4), Symbol('s6', integer=True))". `hint` is its value with the
// example inputs, None when export did not know it.
struct Expression {
  std::string text;
  std::variant<None, int64_t, double, bool> hint;
  bool operator==(const Expression&) const = default;
};
using SymInt = std::variant<int64_t, Expression>;
using SymFloat = std::variant<double, Expression>;
using SymBool = std::variant<bool, Expression>;

// PyTorch's own numbers in JSON (not c10's); convert with dtype_of or require_dtype.
using ScalarType = int;

struct TensorMeta {
  ScalarType scalar_type = 0;
  std::vector<SymInt> sizes;
  std::vector<SymInt> strides;
  SymInt storage_offset = int64_t{0};
  int layout = 7;  // kStrided
};
constexpr int kStrided = 7;

// --- arguments; `Name` is a reference to a value of the same graph ---

struct Tensor {
  std::string name;
  bool operator==(const Tensor&) const = default;
};
struct SymIntName {
  std::string name;
};
struct SymFloatName {
  std::string name;
};
struct SymBoolName {
  std::string name;
};
using SymIntItem = std::variant<int64_t, SymIntName>;
using SymFloatItem = std::variant<double, SymFloatName>;
using SymBoolItem = std::variant<bool, SymBoolName>;
struct Complex {
  double real = 0, imag = 0;
};
struct ScalarTypeNumber {
  ScalarType value;
};
struct MemoryFormatNumber {  // 1 contiguous, 2 channels last, 3 channels last 3d, 4 preserve
  int value;
};
struct LayoutNumber {
  int value;
};
struct Device {
  std::string type;
  std::optional<int64_t> index;
};
struct CustomObject {
  std::string name, class_fqn;
};
struct Operator {
  std::string name;
};
struct Graph;
struct Subgraph {  // of a higher-order op: a name space of its own, nothing captured
  std::string name;
  std::shared_ptr<const Graph> graph;
};
// A union tag that this reader does not know.
struct Unknown {
  std::string tag;
};
struct Argument;
using StringToArgument = std::vector<std::pair<std::string, Argument>>;

// One alternative for each tag of PyTorch's Argument, with constants normalised: as_sym_int {as_int} is int64_t, as_sym_ints of
// constants alone are std::vector<int64_t> (likewise floats and bools), as_optional_tensor is Tensor or None.
// bool, int64_t and double stay what the model wrote: the difference drives type promotion.
struct Argument {
  std::variant<None, Tensor, std::vector<Tensor>, std::vector<std::optional<Tensor>>, std::vector<std::vector<Tensor>>,  //
               int64_t, std::vector<int64_t>, std::vector<std::vector<int64_t>>,                                         //
               double, std::vector<double>, std::vector<std::vector<double>>,                                            //
               bool, std::vector<bool>, std::string, std::vector<std::string>, Complex,                                  //
               SymIntName, std::vector<SymIntItem>, SymFloatName, std::vector<SymFloatItem>, SymBoolName, std::vector<SymBoolItem>,
               ScalarTypeNumber, MemoryFormatNumber, LayoutNumber, Device, Subgraph, CustomObject, Operator, StringToArgument, Unknown>
      value;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(value);
  }
};

struct NamedArgument {
  std::string name;  // of the schema; "" for higher-order ops
  Argument argument;
  bool keyword = false;
};

struct Node {
  std::string name;                   // may be empty
  std::string target;                 // "torch.ops.aten.add.Tensor"
  std::vector<NamedArgument> inputs;  // in schema order, those that differ from the default
  std::vector<Argument> outputs;
  bool autocast = false;                 // inside a region of torch.autocast
  std::shared_ptr<const Source> source;  // file:line of the innermost frame that is the user's; never null
};

struct Graph {
  std::vector<Argument> inputs;
  std::vector<Argument> outputs;
  std::vector<Node> nodes;
  std::map<std::string, TensorMeta> tensors;
  std::map<std::string, SymInt> sym_ints;
  std::map<std::string, SymFloat> sym_floats;
  std::map<std::string, SymBool> sym_bools;
};

// --- signature: input_specs[i] belongs to graph.inputs[i], output_specs[i] to graph.outputs[i] ---

struct InputSpec {
  enum class Kind : uint8_t { User, Parameter, Buffer, TensorConstant, CustomObject, Token, Constant, Unknown };
  Kind kind = Kind::Unknown;
  Argument argument;       // the graph's name for it (Tensor, SymIntName, …); Constant: the value that it was specialised to
  std::string target;      // parameter, buffer, constant or object: fully qualified name, the key of the archive's weights; Unknown: tag
  bool persistent = true;  // Buffer
  std::string name;        // User, Constant: calling name ("x", "state.h", "pair.1.0"), unique among the inputs
};

struct OutputSpec {
  enum class Kind : uint8_t { User, BufferMutation, InputMutation, ParameterMutation, Token, Loss, Gradient, Unknown };
  Kind kind = Kind::Unknown;
  Argument argument;
  std::string target;  // mutations: buffer or parameter name, or graph name of the user input; Unknown: tag
  std::string name;    // User, Loss: "output_<leaf>" or its pytree path where that has names ("logits", "0.z")
};

struct Range {
  std::optional<int64_t> min, max;  // empty: unbounded
};

struct ExportedProgram {
  Graph graph;
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  std::map<std::string, Range> ranges;  // by symbol, "s77"; derived expressions are left out
  std::vector<std::string> guards;      // Python text over L['x'].size()[0]
  std::vector<std::string> verifiers;
  std::string torch_version;
};

// "float32", "complex64", …; "dtype 99" for a number that nobody knows.
std::string scalar_type_name(ScalarType number);
// Ours for it; empty when etc has no such dtype (complex, quantised, float8 kinds but e4m3fn and e5m2).
std::optional<DType> dtype_of(ScalarType number);
// The same, or a CompileError that begins with `place` (the node or weight that needs it).
DType require_dtype(ScalarType number, const std::string& place);

}  // namespace etc::compile::exported
