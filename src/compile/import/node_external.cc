// Calls of ops that the compiler has no schema of: custom ops, as the model calls them and as run_decompositions() writes those that
// change an argument:
//
//   auto_functionalized_v2(mylib.fill.default, v=7.0, _x_base_index=0, _x_size=[3], _x_stride=[1], _x_storage_offset=0, _all_bases=[%y])
//
// is mylib::fill(x=a window on base 0, v=7.0), and gives the op's results, then the new bases.
#include <fnmatch.h>

#include <algorithm>

#include "import/node_import.h"
#include "import/targets.h"
#include "ir/flow.h"
#include "ir/views.h"

namespace etc::compile {
namespace {

using exported::Tensor;

// The names of all tensors that the outputs from `first` to `last` stand for.
std::vector<std::string> tensor_names(const exported::Node& node, size_t first, size_t last) {
  std::vector<std::string> names;
  for (size_t i = first; i < last; ++i) {
    const exported::Argument& output = node.outputs[i];
    if (auto* t = output.as<Tensor>()) {
      names.push_back(t->name);
    } else if (auto* list = output.as<std::vector<Tensor>>()) {
      for (const Tensor& element : *list) names.push_back(element.name);
    } else if (!output.is<None>()) {
      throw CompileError("gives something else than tensors, which a custom op cannot");
    }
  }
  return names;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

struct NodeImporter::ExternalCall {
  std::string op;
  std::vector<Argument> args;
  std::vector<std::string> names;    // of arguments; with "!" when the op writes it
  std::vector<std::string> results;  // names in the file, without the written arguments
  std::vector<Value*> written;       // filled by add_external_call: new values, in the order of the names
};

TensorType NodeImporter::stated_type(const exported::Node& node, const std::string& name) {
  auto meta = from_.tensors.find(name);
  if (meta == from_.tensors.end()) throw CompileError("the file does not state the type of '" + name + "'");
  if (is_static(meta->second)) {
    const TensorType type = type_of(meta->second, place_of(node));
    return {type.dtype, type.sizes};
  }
  // A symbol that nothing has defined is a size that the op decides.
  for (const exported::SymInt& s : meta->second.sizes) {
    const auto* e = std::get_if<exported::Expression>(&s);
    if (!e || symbols_.integer(s)) continue;
    if (const std::optional<std::string> symbol = symbols_.undefined_symbol(*e)) symbols_.define(*symbol, symbols_.new_symbol(*symbol));
  }
  std::optional<Sizes> sizes = symbols_.sizes(meta->second.sizes);
  if (!sizes) throw CompileError("gives '" + name + "' sizes that nothing defines");
  return {exported::require_dtype(meta->second.scalar_type, place_of(node)), std::move(*sizes)};
}

void NodeImporter::add_external_call(const exported::Node& node, ExternalCall& call) {
  std::vector<TensorType> types;
  for (const std::string& name : call.results) types.push_back(stated_type(node, name));
  for (size_t i = 0; i < call.args.size(); ++i) {
    if (call.names[i].back() != '!') continue;
    const TensorType& type = std::get<Value*>(call.args[i])->type;
    types.emplace_back(type.dtype, type.sizes);
  }
  Node* made = to_.add_node(call.op, std::move(call.args), types, node.source, node.name);
  made->external = true;
  made->arg_names = std::move(call.names);
  for (size_t i = 0; i < call.results.size(); ++i) define_tensor(node, call.results[i], made->results[i]);
  for_each_made_symbol(*made, [&](const SymbolRef& s) {
    for (const Value* r : made->results)
      for (const SymInt& size : r->type.sizes)
        if (!size.is_fixed() && size.node()->op == SymOp::Symbol && size.node()->symbol == s) return;
    throw CompileError("decides the size " + s->name +
                       ", which is no dimension of its results as it stands; give a result of that size too");
  });
  call.written.assign(made->results.begin() + static_cast<std::ptrdiff_t>(call.results.size()), made->results.end());
}

// Views, what is nothing at inference, and what gives no tensors stay what they are.
bool NodeImporter::is_wanted_external(const exported::Node& node, const std::string& op) const {
  const auto is_wanted = [&](const std::string& name) {
    return std::any_of(options_.external.begin(), options_.external.end(),
                       [&](const std::string& pattern) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
  };
  const std::optional<std::string> functional = functional_name(op);
  if (!is_builtin(op) || !(is_wanted(op) || (functional && is_wanted(*functional)))) return false;
  if (tensor_names(node, 0, node.outputs.size()).empty()) return false;
  const Effects effects = effects_of(node, from_);
  return functional ? !effects.writes.empty() : effects.writes.empty() && effects.aliases.empty();
}

// Where PyTorch takes a number for a tensor, the number becomes one.
Argument NodeImporter::external_argument(const exported::Node& node, const exported::NamedArgument& a, const Schema* schema) {
  Argument argument = arguments_.convert(a.argument, place_of(node));
  const int parameter = schema ? schema->find(a.name) : -1;
  if (parameter < 0 || schema->arguments[static_cast<size_t>(parameter)].type != "Tensor") return argument;
  if (auto* flag = std::get_if<bool>(&argument)) return b_.scalar(DType::Bool, *flag);
  if (is_int(argument)) return b_.scalar(DType::I64, argument);
  if (std::holds_alternative<double>(argument) || std::holds_alternative<SymReal>(argument)) return b_.scalar(DType::F64, argument);
  return argument;
}

// An op that works in place becomes a call of its functional form, whose result is written back.
void NodeImporter::import_wanted_external(const exported::Node& node, const std::string& op) {
  const std::optional<std::string> functional = functional_name(op);
  const std::string& called = functional ? *functional : op;
  const Schema* schema = Builder::schema_of(called);
  ExternalCall call{called, {}, {}, {}, {}};
  if (!functional) call.results = tensor_names(node, 0, node.outputs.size());
  for (const exported::NamedArgument& a : node.inputs) {
    call.args.push_back(external_argument(node, a, schema));
    call.names.push_back(a.name);
  }
  if (node.autocast) cast_operands(node, call.args);
  if (!functional) return add_external_call(node, call);
  const std::string& self = find_argument(node, "self")->as<Tensor>()->name;
  const TensorType type = memory_.read(self)->type;
  Node* made = to_.add_node(called, std::move(call.args), {TensorType(type.dtype, type.sizes)}, node.source, node.name);
  made->external = true;
  made->arg_names = std::move(call.names);
  memory_.write(self, made->results[0]);
  for (const std::string& name : tensor_names(node, 0, node.outputs.size()))
    if (name != self) memory_.define_same(name, self);
}

void NodeImporter::add_external(const exported::Node& node, const std::string& op) {
  ExternalCall call{op, {}, {}, tensor_names(node, returns_written(node) ? 1 : 0, node.outputs.size()), {}};
  for (const exported::NamedArgument& a : node.inputs) {
    call.args.push_back(arguments_.convert(a.argument, place_of(node)));
    call.names.push_back(a.name);
  }
  const std::vector<size_t> written = written_arguments(node);
  for (size_t i : written) {
    call.names[i] += '!';
    for (size_t j : written)
      if (j < i && root_of(std::get<Value*>(call.args[i])) == root_of(std::get<Value*>(call.args[j])))
        throw CompileError(
            "may write to two arguments that share memory; export the model with run_decompositions(), which says what is written");
  }
  add_external_call(node, call);
  for (size_t k = 0; k < written.size(); ++k) memory_.write(node.inputs[written[k]].argument.as<Tensor>()->name, call.written[k]);
  if (returns_written(node)) memory_.define_same(node.outputs[0].as<Tensor>()->name, node.inputs[written[0]].argument.as<Tensor>()->name);
}

// The part of a base that an argument shows.
Value* NodeImporter::window_of(const exported::Node& node, const std::string& argument, Value* base) {
  auto number = [&](const char* what) {
    const exported::Argument* a = find_argument(node, ("_" + argument + what).c_str());
    const Argument value = a ? arguments_.convert(*a, place_of(node)) : Argument(None{});
    if (is_int(value)) return sym_of(value);
    throw CompileError("does not say which part of its base '" + argument + "' is; the file is damaged");
  };
  auto numbers = [&](const char* what) {
    const exported::Argument* a = find_argument(node, ("_" + argument + what).c_str());
    const Argument value = a ? arguments_.convert(*a, place_of(node)) : Argument(None{});
    if (is_ints(value)) return syms_of(value);
    throw CompileError("does not say which part of its base '" + argument + "' is; the file is damaged");
  };
  if (find_argument(node, ("_" + argument + "_storage_offset").c_str()))
    return b_.strided(base, numbers("_size"), numbers("_stride"), number("_storage_offset"));
  if (find_argument(node, ("_" + argument + "_slice_dim").c_str()))
    return b_.slice(base, static_cast<int64_t>(number("_slice_dim")), number("_slice_start"), number("_slice_end"));
  return base;
}

void NodeImporter::import_auto_functionalized(const exported::Node& node) {
  const auto* target = node.inputs.empty() ? nullptr : node.inputs[0].argument.as<exported::Operator>();
  const exported::Argument* all_bases = find_argument(node, "_all_bases");
  const auto* base_names = all_bases ? all_bases->as<std::vector<Tensor>>() : nullptr;
  if (!target || (all_bases && !base_names)) throw CompileError("does not name its op and bases; the file is damaged");
  std::vector<Value*> bases;
  for (const Tensor& t : base_names ? *base_names : std::vector<Tensor>()) {
    Value* v = memory_.read(t.name);  // windows count from its first element in row-major order, as PyTorch's on a tensor of its own
    bases.push_back(is_view(v) ? b_.copy(v) : v);
    auto meta = from_.tensors.find(t.name);
    if (meta != from_.tensors.end() && is_static(meta->second) &&
        !same_strides(v->type.sizes, type_of(meta->second, place_of(node)).strides, contiguous_strides(v->type.sizes)))
      throw CompileError("writes to '" + t.name + "', which is not contiguous; make it so before");
  }
  if (node.outputs.size() < bases.size()) throw CompileError("has fewer results than bases; the file is damaged");
  const size_t first_base = node.outputs.size() - bases.size();

  ExternalCall call{op_name(target->name), {}, {}, tensor_names(node, 0, first_base), {}};
  struct Written {
    size_t base;
    Value* window;
  };
  std::vector<Written> written;
  std::vector<std::string> windows;  // "_x_": what begins so speaks of the window x
  for (const exported::NamedArgument& a : node.inputs) {
    if (a.name.size() > 1 && a.name[0] == '_' && ends_with(a.name, "_length"))
      throw CompileError(call.op + " writes to a list of tensors, which is not supported; write to one tensor at a time");
    const std::string suffix = "_base_index";
    if (a.name.size() > suffix.size() + 1 && a.name[0] == '_' && ends_with(a.name, suffix)) {
      const std::string argument = a.name.substr(1, a.name.size() - 1 - suffix.size());
      windows.push_back("_" + argument + "_");
      const Argument index = arguments_.convert(a.argument, place_of(node));
      if (std::holds_alternative<None>(index)) continue;
      const auto* base = std::get_if<int64_t>(&index);
      if (!base || *base < 0 || static_cast<size_t>(*base) >= bases.size())
        throw CompileError("names a base that is not there; the file is damaged");
      written.push_back({static_cast<size_t>(*base), window_of(node, argument, bases[static_cast<size_t>(*base)])});
      call.names.push_back(argument + "!");
      call.args.push_back(written.back().window);
    } else if (!a.name.empty() && a.name != "_all_bases" &&
               std::none_of(windows.begin(), windows.end(), [&](const std::string& w) { return a.name.rfind(w, 0) == 0; })) {
      call.names.push_back(a.name);
      call.args.push_back(arguments_.convert(a.argument, place_of(node)));
    }
  }
  add_external_call(node, call);
  for (size_t k = 0; k < written.size(); ++k) {
    Value*& base = bases[written[k].base];  // whose windows, made from the old one, show the same parts of the new one
    const Sizes sizes = base->type.sizes;
    base = b_.reshape(b_.view_scatter(root_of(base), written[k].window, call.written[k]), sizes);
  }
  for (size_t i = 0; i < bases.size(); ++i)
    if (auto* t = node.outputs[first_base + i].as<Tensor>()) define_tensor(node, t->name, bases[i]);
}

}  // namespace etc::compile
