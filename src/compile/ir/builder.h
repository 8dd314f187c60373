// Makes nodes: fills schema defaults, decomposes what has no kernel, promotes dtypes, infers result types. The one door through which
// import, decompositions and passes add ops to a graph.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "etc/op.h"
#include "ir/error.h"
#include "ir/generator.h"
#include "ir/graph.h"
#include "ir/promote.h"
#include "ir/schema.h"

namespace etc::compile {

class Builder;

// Arguments of a decomposition, complete and in schema order. The accessors throw InternalError on a wrong type.
struct Call {
  const Schema& schema;
  std::vector<Argument> args;
  // What the .pt2 says of the results, when it is known (import); empty otherwise. For creation ops without dtype.
  std::vector<TensorType> expected;

  bool has(size_t i) const { return !std::holds_alternative<None>(args[i]); }
  Value* tensor(size_t i) const;  // throws when None
  Value* tensor_or_null(size_t i) const;
  int64_t integer(size_t i) const;  // also from bool; CompileError when it is not fixed, ints() too
  SymInt sym(size_t i) const;
  double real(size_t i) const;      // from int, bool or float
  bool boolean(size_t i) const;
  std::string string(size_t i) const;
  std::vector<int64_t> ints(size_t i) const;  // None: empty
  Sizes syms(size_t i) const;
  std::vector<double> reals(size_t i) const;
  Values tensors(size_t i) const;
  DType dtype_or(size_t i, DType otherwise) const;  // a ScalarType argument
};

// Results of a call, one Argument for each return: a Value*, a list, None for an undefined one.
using Results = std::vector<Argument>;
using Decompose = Results (*)(Builder&, const Call&);

// One entry of the decompositions' list (src/compile/decompose/*.cc). The schema is PyTorch's own text.
struct Decomposition {
  const char* schema;
  Decompose decompose;
};
// All of them, from every file.
const std::vector<Decomposition>& decompositions();

// Thrown by Builder::call for an op that has neither kernel nor decomposition; import collects them all.
class UnknownOp : public CompileError {
 public:
  explicit UnknownOp(const std::string& op) : CompileError(op + " has no kernel and no decomposition"), op(op) {}
  std::string op;
};

class Builder {
 public:
  explicit Builder(Graph& graph) : graph_(graph), at_(graph.nodes.end()) {}
  Builder(Graph& graph, Graph::NodeList::iterator at) : graph_(graph), at_(at) {}

  Graph& graph() { return graph_; }
  // Where new nodes go (before it) and what source they carry.
  Graph::NodeList::iterator position() const { return at_; }
  void set_position(Graph::NodeList::iterator at) { at_ = at; }
  void set_source(std::shared_ptr<const Source> source, std::string name) {
    source_ = std::move(source), name_ = std::move(name);
    announced_.clear();
  }

  // Positional call, trailing defaults may be missing: call("aten::add.Tensor", {a, b}). A number where the schema wants a Tensor
  // becomes a 0-d constant that promotes like PyTorch's wrapped numbers. Throws UnknownOp, or CompileError when arguments do not fit.
  Results call(std::string_view op, std::vector<Argument> args, std::vector<TensorType> expected = {});
  // The same for ops with exactly one tensor result.
  Value* op(std::string_view op, std::vector<Argument> args);
  // Schema of a kernel op or decomposition; null when unknown.
  static const Schema* schema_of(std::string_view op);
  // The dtype that PyTorch computes in over these operands (torch.result_type); wrapped numbers keep their lower category.
  DType result_type(const Values& operands) const;
  // Whether a tensor argument is such a number.
  bool is_wrapped(const Value* v) const { return wrapped_.count(v) != 0 || running_numbers_.count(v) != 0; }

  // Views: strided windows, no instruction. Dimensions may be negative, as in PyTorch.
  Value* strided(Value* v, Sizes sizes, Sizes strides, SymInt offset);   // absolute: on the root's memory (as_strided)
  Value* bitcast(Value* v, DType dtype);                                 // the same bytes; element sizes must agree
  Value* permute(Value* v, const std::vector<int64_t>& dims);
  Value* transpose(Value* v, int64_t a, int64_t b);
  Value* slice(Value* v, int64_t dim, SymInt start, SymInt end, SymInt step = 1);  // clamped like Python's; [start, end)
  Value* select(Value* v, int64_t dim, SymInt index);
  Value* expand(Value* v, const Sizes& sizes);  // -1 keeps a size; new leading dimensions allowed
  Value* unsqueeze(Value* v, int64_t dim);
  Value* squeeze(Value* v, const std::vector<int64_t>& dims);
  Value* reshape(Value* v, Sizes sizes);  // one -1 allowed; copies when the strides force it
  // The view itself if strides allow it, else null.
  Value* try_view(Value* v, const Sizes& sizes);
  // Random numbers (etc::random) from the generator that import has given; without one, InternalError: passes do not draw.
  void set_generator(Generator* generator) { generator_ = generator; }
  Generator& generator();
  Value* draw(DType dtype, const Sizes& sizes);
  // Copies: `contiguous` only when v is not contiguous, `copy` always.
  Value* contiguous(Value* v);
  Value* copy(Value* v);
  Value* cast(Value* v, DType dtype);  // v itself when it already has it
  // The root with the window that `view` shows on it replaced by `source` (same sizes and dtype as the window). Contiguous and of the
  // root's sizes; may itself be a view of `source` when the window is all of the root.
  Value* view_scatter(Value* root, const Value* view, Value* source);

  // Constants. `scalar` is 0-d; numbers are converted (wrapping) to the dtype.
  Value* constant(const std::string& name, TensorType type, ConstantData data);
  Value* scalar(DType dtype, const Argument& number);  // a number that is not fixed becomes one when the program runs
  // The number in a tensor of one element: fixed in a constant, else a new symbol (an integer within the bounds, or a real).
  Argument item(Value* v, int64_t lower = kNoLower, int64_t upper = kNoUpper);
  void check(const SymInt& condition, const std::string& what);  // the run fails with BadShape unless it holds
  // The name and range of the next symbol that a node makes (an item, or a size that data decide), until the next source is set.
  void announce_symbol(std::string name, int64_t lower, int64_t upper) { announced_.push_back({std::move(name), lower, upper}); }
  int64_t announced_upper() const { return announced_.empty() ? kNoUpper : announced_.front().upper; }
  // The bool, int64_t or double that a one-element constant holds; empty for other values.
  std::optional<Argument> number_in(Value* v) const;
  Value* full(DType dtype, const Sizes& sizes, const Argument& number);  // 0-d constant, expanded
  template <class T>
  Value* constant_of(DType dtype, Sizes sizes, const std::vector<T>& data) {
    return constant("const", TensorType(dtype, std::move(sizes)), ConstantData::copy_of(data.data(), data.size() * sizeof(T)));
  }

 private:
  // A number given for a Tensor parameter: a value outside of the graph, so that it keeps its promotion category. `settled` puts it
  // into the graph as a 0-d constant; whatever ends in a node or leaves the builder is settled first.
  Value* wrap(const Argument& number);
  Value* settled(Value* v);

  void complete(const Schema& schema, std::vector<Argument>& args);  // defaults, then each argument as its parameter wants it
  Argument fitted(const SchemaArgument& parameter, Argument argument);
  Results call_kernel(const Op& op, const Schema& schema, std::vector<Argument> args);
  Results decompose(const Decomposition& decomposition, const Schema& schema, std::vector<Argument> args, std::vector<TensorType> expected);
  void promote(const Op& op, const Schema& schema, std::vector<Argument>& args);
  Value* window(Value* v, DType dtype, Sizes sizes, Sizes strides, SymInt offset);
  std::string result_name(std::string_view op) const;
  SymbolRef new_symbol(const char* name, int64_t lower, int64_t upper, bool is_real);

  Graph& graph_;
  Graph::NodeList::iterator at_;
  std::shared_ptr<const Source> source_;
  Generator* generator_ = nullptr;
  std::string name_;
  int depth_ = 0;
  std::unordered_map<const Value*, std::unique_ptr<Value>> wrapped_;
  std::unordered_set<const Value*> running_numbers_;  // wrapped numbers that are nodes of the graph
  std::vector<Symbol> announced_;
  Sizes hints_;  // sizes that the file states for the call at work: inner results are likely to have them
};

// What messages say of an argument: "f32[2,3]", "1.5", "[1,2]".
std::string to_string(const Argument& argument);

inline int64_t wrap_dim(int64_t dim, int64_t rank) { return dim < 0 ? dim + (rank ? rank : 1) : dim; }

}  // namespace etc::compile
