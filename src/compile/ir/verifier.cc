// The graph's rules, checked one value, node and output at a time.
#include "ir/verifier.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "ir/error.h"
#include "ir/external.h"
#include "ir/flow.h"
#include "ir/one_op.h"
#include "ir/probe.h"

namespace etc::compile {
namespace {

class Verifier {
 public:
  // A body knows the symbols of the graph around it.
  Verifier(const Graph& graph, const char* stage, const Verifier* around = nullptr) : graph_(graph), stage_(stage), around_(around) {
    if (around) bound_ = around->bound_;
  }

  void run() {
    for (const auto& v : graph_.values()) owned_.insert(v.get());
    for (const Value* v : graph_.inputs) {
      declare(v, Value::Kind::Input);
      for_each_symbol(v->type, [&](const SymbolRef& s) { bind(s); });
    }
    for (const Value* v : graph_.states) {
      declare(v, Value::Kind::State);
      check_data(v);
    }
    for (const auto& node : graph_.nodes) {
      node_ = node.get();
      check_node(*node);
    }
    node_ = nullptr;
    for (const Output& o : graph_.outputs) check_output(o);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    std::string place = std::string("after ") + stage_ + ": ";
    if (node_) place += (node_->results.empty() ? "" : "%" + node_->results[0]->name + " = ") + node_->op + ": ";
    throw InternalError(place + what);
  }

  void declare(const Value* v, Value::Kind kind) {
    if (!v || !owned_.count(v)) fail("a value of another graph");
    if (v->kind != kind) fail("%" + v->name + " is of the wrong kind");
    if (!names_.insert(v->name).second) fail("two values are called %" + v->name);
    if (v->type.sizes.size() != v->type.strides.size()) fail("%" + v->name + " has not as many strides as sizes");
    if (v->type.sizes.size() > kMaxRank) fail("%" + v->name + " has too high a rank");
    for (const SymInt& s : v->type.sizes)
      if (s.is_fixed() && s < 0) fail("%" + v->name + " has a negative size");
    if (!(node_ && node_->op == "etc::view") && !v->type.is_contiguous()) fail("%" + v->name + " is no view and not contiguous");
    known_.insert(v);
  }
  void check_data(const Value* v) const {
    if (v->constant.bytes != static_cast<uint64_t>(v->type.bytes())) fail("%" + v->name + " has the wrong number of bytes");
  }
  void use(const Value* v) {
    if (!v) fail("an operand is missing");
    if (!owned_.count(v)) fail("an operand is of another graph");
    if (v->kind == Value::Kind::Constant && !known_.count(v)) {
      declare_constant(v);
      return;
    }
    if (!known_.count(v)) fail("%" + v->name + " is used before it is made");
  }
  void declare_constant(const Value* v) {
    const Node* node = std::exchange(node_, nullptr);
    declare(v, Value::Kind::Constant);
    check_data(v);
    node_ = node;
  }

  void check_node(const Node& node) {
    for (const Argument& a : node.args)
      if (auto* v = std::get_if<Value*>(&a); v && !*v) fail("an operand is null");
    for_each_operand(node, [&](const Value* v) { use(v); });
    check_symbols(node);
    for (const Value* r : node.results) {
      declare(r, Value::Kind::Result);
      if (r->producer != &node) fail("%" + r->name + " names another producer");
    }
    if (has_bodies(node)) {
      check_bodies(node);
    } else if (node.op.rfind("delegate::", 0) == 0) {
      if (!node.delegate || !node.external) fail("a call of a delegate without one");
    } else if (node.is_external()) {
      check_external(node);
    } else if (node.op == "etc::view") {
      check_view(node);
    } else if (is_eval_op(node)) {
      check_eval_op(node);
    } else {
      check_kernel_op(node);
    }
  }

  void check_bodies(const Node& node) const {
    if (std::string fault = flow_fault(node); !fault.empty()) fail(fault);
    for (const auto& body : node.bodies) Verifier(*body, stage_, this).run();
  }

  // Sizes of inputs bind symbols, items do, and results whose sizes the kernel decides.
  void bind(const SymbolRef& s) {
    if (!declares(s)) fail("the symbol " + s->name + " is not one of the graph");
    bound_.insert(s.get());
  }
  bool declares(const SymbolRef& s) const {
    const auto found = graph_.symbols.find(s->name);
    return (found != graph_.symbols.end() && found->second == s) || (around_ && around_->declares(s));
  }
  void check_symbols(const Node& node) {
    const Op* op = find_kernel_op(node.op);
    if (node.is_external()) for_each_made_symbol(node, [&](const SymbolRef& s) { bind(s); });
    if ((op && op->sizes_from_data) || is_cond(node)) {
      for (const Value* r : node.results)
        for (const SymInt& s : r->type.sizes)
          if (!s.is_fixed() && s.node()->op == SymOp::Symbol) bind(s.node()->symbol);
    }
    if (node.op != "etc::view")
      for_each_symbol(node, [&](const SymbolRef& s) {  // a view is no step: who uses it is checked
        if (!bound_.count(s.get())) fail("the symbol " + s->name + " is used before anything says what it is");
      });
    if (node.op == "etc::item" && node.args.size() == 2) for_each_symbol(node.args[1], [&](const SymbolRef& s) { bind(s); });
  }
  void check_eval_op(const Node& node) const {
    const bool is_item = node.op == "etc::item";
    if (node.args.size() != 2 || !node.results.empty()) fail("it has two arguments and no result");
    if (is_item && (!std::holds_alternative<Value*>(node.args[0]) || !std::get<Value*>(node.args[0])->type.sizes.empty()))
      fail("the argument is no 0-d tensor");
    if (!is_item && !std::holds_alternative<SymInt>(node.args[0])) fail("the condition is no expression");
  }

  void check_external(const Node& node) const {
    if (node.arg_names.size() != node.args.size()) fail("an external op needs a name for each argument");
    size_t written = 0;
    for (size_t i = 0; i < node.args.size(); ++i) {
      if (writes_argument(node, i) && !std::holds_alternative<Value*>(node.args[i])) fail("only a tensor can be written");
      written += writes_argument(node, i);
    }
    if (written > node.results.size()) fail("a written argument has no new value");
    for_each_written(node, [&](size_t i, const Value* after) {
      const TensorType& before = std::get<Value*>(node.args[i])->type;
      if (after->type.dtype != before.dtype || after->type.sizes != before.sizes)
        fail("%" + after->name + " has another type than what it was");
    });
  }

  void check_view(const Node& node) const {
    if (node.args.size() != 4 || node.results.size() != 1 || !std::holds_alternative<Value*>(node.args[0]) || !is_ints(node.args[1]) ||
        !is_ints(node.args[2]) || !is_int(node.args[3]))
      fail("the arguments of a view are (tensor, sizes, strides, offset)");
    const Value* root = std::get<Value*>(node.args[0]);
    const TensorType& type = node.results[0]->type;
    if (is_view(root)) fail("the operand of a view is itself a view");
    if (type != TensorType(type.dtype, syms_of(node.args[1]), syms_of(node.args[2])))
      fail("the result's type is not the one that the arguments say");
    if (size_in_bytes(type.dtype) != size_in_bytes(root->type.dtype)) fail("the elements are not as wide as those of %" + root->name);
    // The last element of the window lies inside the root; an empty window has only a place.
    if (has_symbols(node)) return;
    const int64_t offset = sym_of(node.args[3]);
    int64_t end = offset;
    bool ok = offset >= 0;
    const bool empty = std::find(type.sizes.begin(), type.sizes.end(), SymInt(0)) != type.sizes.end();
    for (size_t d = 0; d < type.sizes.size() && !empty; ++d) {
      int64_t step = 0;
      ok = ok && checked_multiply(type.sizes[d] - 1, type.strides[d], &step) && checked_add(end, step, &end);
    }
    if (!ok || end + (empty ? 0 : 1) > root->type.numel()) fail("the window reaches outside of %" + root->name);
  }

  void check_kernel_op(const Node& node) const {
    const Op* op = find_kernel_op(node.op);
    if (!op) fail("the op has no kernel");
    if (node.args.size() != op->signature.arguments) fail("the op takes " + std::to_string(op->signature.arguments) + " arguments");
    if (node.results.size() != op->signature.results) fail("the op has " + std::to_string(op->signature.results) + " results");
    std::vector<TensorType> stated;
    for (const Value* r : node.results) stated.push_back(r->type);
    if (op->sizes_from_data) return;  // infer gives bounds; the rest is the kernel's
    size_t agreed = 0;
    for (const Assignment& symbols : probes_of(node.args, stated)) {
      OneOp one(*op, node.args, &symbols);
      std::vector<TensorType> inferred;
      if (one.infer(&inferred) != Error::Ok) {
        if (has_symbols(node)) continue;  // numbers that do not fit each other
        fail("infer refuses the arguments");
      }
      for (size_t i = 0; i < inferred.size(); ++i) check_inferred(node.results[i], inferred[i], symbols);
      ++agreed;
    }
    if (agreed == 0) fail("infer refuses the arguments");
  }
  void check_inferred(const Value* result, const TensorType& inferred, const Assignment& symbols) const {
    bool same = result->type.dtype == inferred.dtype && result->type.sizes.size() == inferred.sizes.size();
    for (size_t d = 0; same && d < inferred.sizes.size(); ++d)
      same = result->type.sizes[d].evaluate(symbols) == static_cast<int64_t>(inferred.sizes[d]);
    if (!same) fail("the type of %" + result->name + " is not what infer says");
  }

  void check_output(const Output& o) {
    use(o.value);
    if (o.kind == Output::Kind::User) {
      if (o.target) fail("output \"" + o.name + "\" has a target");
      return;
    }
    const Value::Kind wanted = o.kind == Output::Kind::State ? Value::Kind::State : Value::Kind::Input;
    if (!o.target || !known_.count(o.target) || o.target->kind != wanted) fail("a mutation without a state or input to change");
    if (!written_.insert(o.target).second) fail("%" + o.target->name + " is changed twice");
    if (o.value->type.dtype != o.target->type.dtype || o.value->type.sizes != o.target->type.sizes)
      fail("the new value of %" + o.target->name + " has another type");
  }

  const Graph& graph_;
  const char* stage_;
  const Verifier* around_;
  const Node* node_ = nullptr;
  std::unordered_set<const Value*> owned_, known_, written_;
  std::unordered_set<const Symbol*> bound_;
  std::unordered_set<std::string> names_;
};

}  // namespace

void verify(const Graph& graph, const char* stage) { Verifier(graph, stage).run(); }

}  // namespace etc::compile
