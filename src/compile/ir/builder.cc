// Builder::call: from an op's name and arguments to nodes. Argument order and types come from the op's schema.
#include "ir/builder.h"

#include <algorithm>

#include "ir/one_op.h"
#include "ir/probe.h"
#include "ir/views.h"

namespace etc::compile {
namespace {

constexpr int kMaxDepth = 32;  // decompositions inside decompositions

// What a name stands for: one of the two is set. A kernel wins over a decomposition of the same name.
struct Known {
  Schema schema;
  const Op* op = nullptr;
  const Decomposition* decomposition = nullptr;
};

const Known* find_known(std::string_view name) {
  static std::unordered_map<std::string, Known> known;
  static const std::unordered_map<std::string_view, const Decomposition*> by_name = [] {
    std::unordered_map<std::string_view, const Decomposition*> m;
    for (const Decomposition& d : decompositions()) {
      const std::string_view schema = d.schema;
      if (!m.emplace(schema.substr(0, schema.find('(')), &d).second) throw InternalError("two decompositions of " + std::string(schema));
    }
    return m;
  }();
  const std::string key(name);
  if (auto it = known.find(key); it != known.end()) return &it->second;
  if (const Op* op = find_kernel_op(name)) return &known.emplace(key, Known{parse_schema(op->schema), op, nullptr}).first->second;
  if (auto it = by_name.find(name); it != by_name.end())
    return &known.emplace(key, Known{parse_schema(it->second->schema), nullptr, it->second}).first->second;
  return nullptr;
}

bool is_integer_type(const std::string& type) {
  return type == "int" || type == "SymInt" || type == "ScalarType" || type == "Layout" || type == "MemoryFormat";
}

// Operands that never take part in type promotion, whatever the op's rule.
bool keeps_its_dtype(const std::string& parameter) {
  return parameter == "condition" || parameter == "mask" || parameter == "index" || parameter == "indices";
}

template <class F>
void for_each_promoted(const Schema& schema, std::vector<Argument>& args, F f) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (keeps_its_dtype(schema.arguments[i].name)) continue;
    if (auto* v = std::get_if<Value*>(&args[i])) {
      f(*v);
    } else if (auto* list = std::get_if<Values>(&args[i])) {
      for (Value*& element : *list)
        if (element) f(element);
    }
  }
}

std::string describe(const Schema& schema, const std::vector<Argument>& args) {
  std::string s = schema.name + "(";
  for (size_t i = 0; i < args.size(); ++i) s += (i ? ", " : "") + schema.arguments[i].name + "=" + to_string(args[i]);
  return s + ")";
}

const char* reason_of(Error e) {
  switch (e) {
    case Error::BadShape: return "the shapes do not fit";
    case Error::BadValue: return "a value is out of range";
    default: return "the arguments do not fit";
  }
}

}  // namespace

const Schema* Builder::schema_of(std::string_view op) {
  const Known* known = find_known(op);
  return known ? &known->schema : nullptr;
}

Results Builder::call(std::string_view name, std::vector<Argument> args, std::vector<TensorType> expected) {
  const Known* known = find_known(name);
  if (!known) throw UnknownOp(std::string(name));
  complete(known->schema, args);
  if (depth_ == 0) {
    hints_.clear();
    for (const TensorType& type : expected) hints_.insert(hints_.end(), type.sizes.begin(), type.sizes.end());
  }
  if (known->op) return call_kernel(*known->op, known->schema, std::move(args));
  return decompose(*known->decomposition, known->schema, std::move(args), std::move(expected));
}

Value* Builder::op(std::string_view name, std::vector<Argument> args) {
  Results results = call(name, std::move(args));
  if (results.size() == 1)
    if (auto* v = std::get_if<Value*>(&results[0])) return *v;
  throw InternalError(std::string(name) + " has no single tensor result");
}

DType Builder::result_type(const Values& operands) const {
  ResultType type;
  for (const Value* v : operands) {
    if (!v) continue;
    if (is_wrapped(v)) {
      type.add_number(v->type.dtype == DType::F64 ? DType::F32 : v->type.dtype);
    } else {
      type.add_tensor(v->type.dtype, v->type.sizes.size());
    }
  }
  const std::optional<DType> dtype = type.get();
  if (!dtype) throw InternalError("the result type of no operands");
  return *dtype;
}

void Builder::complete(const Schema& schema, std::vector<Argument>& args) {
  if (args.size() > schema.arguments.size())
    throw InternalError(schema.name + " takes " + std::to_string(schema.arguments.size()) + " arguments, not " +
                        std::to_string(args.size()));
  for (size_t i = 0; i < schema.arguments.size(); ++i) {
    const SchemaArgument& parameter = schema.arguments[i];
    if (i == args.size()) {
      if (!parameter.default_value && !parameter.is_optional)
        throw CompileError(schema.name + " lacks its argument '" + parameter.name + "'");
      args.push_back(parameter.default_value.value_or(None{}));
    }
    args[i] = fitted(parameter, std::move(args[i]));
  }
}

Argument Builder::fitted(const SchemaArgument& p, Argument a) {
  auto misfit = [&p, &a] {
    return CompileError("argument '" + p.name + "' is " + to_string(a) + ", not " + p.type + (p.is_list ? "[]" : ""));
  };
  if (std::holds_alternative<None>(a)) {
    // None for a parameter that must be given: PyTorch writes it for device, generator and the like.
    if (p.is_optional || p.type == "Device" || p.type == "Generator" || p.type == "Layout") return a;
    throw misfit();
  }
  const bool is_number = std::holds_alternative<bool>(a) || std::holds_alternative<int64_t>(a) || std::holds_alternative<double>(a) ||
                         std::holds_alternative<SymInt>(a) || std::holds_alternative<SymReal>(a);
  if (p.is_list) {
    if (p.type == "Tensor") {
      if (auto* ints = std::get_if<std::vector<int64_t>>(&a); ints && ints->empty()) return Values();
      if (!std::holds_alternative<Values>(a)) throw misfit();
      if (!p.has_optional_elements)
        for (const Value* v : std::get<Values>(a))
          if (!v) throw misfit();
      return a;
    }
    const size_t times = p.list_size ? static_cast<size_t>(p.list_size) : 1;
    if (is_integer_type(p.type)) {
      if (is_int(a)) return Sizes(times, sym_of(a));
      if (!is_ints(a)) throw misfit();
      Sizes list = syms_of(a);
      return list.size() == 1 && times > 1 ? Sizes(times, list.front()) : std::move(list);
    }
    if (p.type == "float") {
      if (auto* list = std::get_if<std::vector<int64_t>>(&a)) return std::vector<double>(list->begin(), list->end());
      if (auto* d = std::get_if<double>(&a)) return std::vector<double>(times, *d);
      if (!std::holds_alternative<std::vector<double>>(a)) throw misfit();
      return a;
    }
    if (p.type == "bool") {
      if (auto* b = std::get_if<bool>(&a)) return std::vector<bool>(times, *b);
      if (auto* list = std::get_if<std::vector<int64_t>>(&a); list && list->empty()) return std::vector<bool>();
      if (!std::holds_alternative<std::vector<bool>>(a)) throw misfit();
    }
    return a;
  }
  if (p.type == "Tensor") {
    if (is_number) return wrap(a);
    if (!std::holds_alternative<Value*>(a)) throw misfit();
    return a;
  }
  if (auto* v = std::get_if<Value*>(&a)) {  // a tensor where the schema wants a number
    return fitted(p, item(*v));
  }
  if (is_integer_type(p.type)) {
    if (auto* b = std::get_if<bool>(&a)) return static_cast<int64_t>(*b);
    if (!is_int(a)) throw misfit();
  } else if (p.type == "float") {
    if (auto* n = std::get_if<SymInt>(&a)) return SymReal(sym_apply(SymOp::ToReal, {n->node()}));
    if (std::holds_alternative<SymReal>(a)) return a;
    if (auto* n = std::get_if<int64_t>(&a)) return static_cast<double>(*n);
    if (auto* b = std::get_if<bool>(&a)) return static_cast<double>(*b);
    if (!std::holds_alternative<double>(a)) throw misfit();
  } else if (p.type == "bool") {
    if (auto* n = std::get_if<int64_t>(&a)) return *n != 0;
    if (!std::holds_alternative<bool>(a)) throw misfit();
  } else if (p.type == "Scalar") {
    if (!is_number) throw misfit();
  } else if (!std::holds_alternative<std::string>(a)) {
    throw misfit();
  }
  return a;
}

void Builder::promote(const Op& op, const Schema& schema, std::vector<Argument>& args) {
  if (op.promotion != Promotion::None) {
    Values operands;
    for_each_promoted(schema, args, [&](Value* v) { operands.push_back(v); });
    if (operands.empty()) return;
    DType dtype = result_type(operands);
    if (op.promotion == Promotion::Float && !is_floating(dtype)) dtype = DType::F32;
    for_each_promoted(schema, args, [&](Value*& v) { v = cast(v, dtype); });
  }
  for (Argument& a : args)
    if (auto* v = std::get_if<Value*>(&a)) *v = settled(*v);
}

Results Builder::call_kernel(const Op& op, const Schema& schema, std::vector<Argument> args) {
  promote(op, schema, args);
  std::vector<TensorType> types;
  if (Error e = infer_symbolic(op, args, hints_, &types); e != Error::Ok) throw CompileError(describe(schema, args) + ": " + reason_of(e));
  if (op.sizes_from_data) {  // what infer says is the most that the first size can be
    SymInt& size = types.at(0).sizes.at(0);
    const int64_t most = size.upper();
    size = SymInt(new_symbol("n", 0, most, false));
    types[0] = TensorType(types[0].dtype, types[0].sizes);
  }
  Node* node = graph_.insert_node(at_, schema.name, std::move(args), std::move(types), source_, result_name(schema.name));
  return Results(node->results.begin(), node->results.end());
}

Results Builder::decompose(const Decomposition& decomposition, const Schema& schema, std::vector<Argument> args,
                           std::vector<TensorType> expected) {
  if (depth_ == kMaxDepth) throw InternalError("the decomposition of " + schema.name + " does not end");
  struct Deeper {
    int& depth;
    explicit Deeper(int& d) : depth(d) { ++depth; }
    ~Deeper() { --depth; }
  } deeper(depth_);
  Results results = decomposition.decompose(*this, Call{schema, std::move(args), std::move(expected)});
  if (results.size() != schema.returns.size())
    throw InternalError(schema.name + " has " + std::to_string(schema.returns.size()) + " results, its decomposition gave " +
                        std::to_string(results.size()));
  for (Argument& r : results) {
    if (auto* v = std::get_if<Value*>(&r)) {
      *v = settled(*v);
    } else if (auto* list = std::get_if<Values>(&r)) {
      for (Value*& element : *list) element = settled(element);
    }
  }
  return results;
}

Generator& Builder::generator() {
  if (!generator_) throw InternalError("random numbers are drawn where no generator is");
  return *generator_;
}

Value* Builder::draw(DType dtype, const Sizes& sizes) {
  const Results results = call("etc::random", {generator().state(), sizes, static_cast<int64_t>(dtype)});
  generator().set_state(std::get<Value*>(results[0]));
  return std::get<Value*>(results[1]);
}

SymbolRef Builder::new_symbol(const char* name, int64_t lower, int64_t upper, bool is_real) {
  if (announced_.empty()) return graph_.add_symbol(name, lower, upper, is_real);
  const Symbol s = announced_.front();
  announced_.erase(announced_.begin());
  return graph_.add_symbol(s.name, std::max(s.lower, lower), std::min(s.upper, upper), is_real);
}

// Nodes inside of a decomposition are named after it and their op: "linear.addmm".
std::string Builder::result_name(std::string_view op) const {
  if (name_.empty() || depth_ == 0) return name_;
  const size_t start = op.find("::");
  std::string_view stem = op.substr(start == std::string_view::npos ? 0 : start + 2);
  return name_ + "." + std::string(stem.substr(0, stem.find('.')));
}

}  // namespace etc::compile
