// The order of import: inputs and weights, nodes, outputs, and last the mutations.
#include "import/import_graph.h"

#include "import/arguments.h"
#include "import/flatten.h"
#include "import/node_import.h"
#include "import/placeholders.h"

namespace etc::compile {
namespace {

using exported::InputSpec;
using exported::OutputSpec;
using exported::Tensor;

struct InputStorage {
  Value* input;
  std::string name;  // in the exported graph
};

// A number that export made symbolic is a 0-d input.
void define_number_input(const InputSpec& spec, const exported::Graph& from, Graph& to, Symbols& symbols, Builder& b) {
  const auto* integer = spec.argument.as<exported::SymIntName>();
  const auto* real = spec.argument.as<exported::SymFloatName>();
  if (!integer && !real) throw CompileError("input '" + spec.name + "' is a symbolic bool, which is not supported; give a tensor or an integer");
  const exported::Expression* e = nullptr;
  if (integer)
    if (auto it = from.sym_ints.find(integer->name); it != from.sym_ints.end()) e = std::get_if<exported::Expression>(&it->second);
  if (real)
    if (auto it = from.sym_floats.find(real->name); it != from.sym_floats.end()) e = std::get_if<exported::Expression>(&it->second);
  Value* input = to.add_input(spec.name, TensorType(integer ? DType::I64 : DType::F64, {}));
  if (!e) return;  // the file says what it always is
  b.set_source(nullptr, spec.name);
  symbols.announce(*e);
  const std::optional<std::string> symbol = symbols.undefined_symbol(*e);
  const Argument number = b.item(input);
  if (symbol) symbols.define(*symbol, integer ? sym_of(number).node() : std::get<SymReal>(number).node());
  const std::optional<Argument> stated = symbols.number(*e);
  if (stated && integer && !(sym_of(*stated) == sym_of(number)))
    b.check(sym_equal(sym_of(*stated), sym_of(number)), "the input " + spec.name + " is not the size that the model says");
}

std::vector<InputStorage> define_inputs(const exported::ExportedProgram& program, const exported::Graph& from, const AliasSets& aliases,
                                        Graph& to, Memory& memory, Symbols& symbols, Builder& b) {
  std::vector<InputStorage> inputs;
  for (const InputSpec& spec : program.inputs) {
    const std::string place = "input '" + spec.name + "'";
    switch (spec.kind) {
      case InputSpec::Kind::User: {
        if (!spec.argument.is<Tensor>()) {
          if (is_number_name(spec.argument)) define_number_input(spec, from, to, symbols, b);
          break;  // None and constants are no inputs of the program
        }
        const std::string& name = spec.argument.as<Tensor>()->name;
        auto meta = from.tensors.find(name);
        if (meta == from.tensors.end()) throw CompileError(place + ": the file does not state its type");
        const std::optional<Sizes> sizes = symbols.sizes(meta->second.sizes);
        if (!sizes) throw CompileError(place + ": a size that nothing defines; the file is damaged");
        if (meta->second.layout != exported::kStrided) type_of(meta->second, place);  // throws
        Value* input = to.add_input(spec.name, TensorType(exported::require_dtype(meta->second.scalar_type, place), *sizes));
        memory.define(name, input, aliases.is_written(name));
        inputs.push_back({input, name});
        break;
      }
      case InputSpec::Kind::CustomObject:
        throw CompileError("the model holds the custom object '" + spec.target + "', which etc cannot read; keep its data in buffers");
      case InputSpec::Kind::Unknown: throw CompileError("an input of kind '" + spec.target + "', which etc does not know");
      default: break;
    }
  }
  return inputs;
}

// The exported graph's name of the value that a mutation changes.
std::string target_name(const exported::ExportedProgram& program, const OutputSpec& output) {
  if (output.kind == OutputSpec::Kind::InputMutation) return output.target;
  for (const InputSpec& input : program.inputs)
    if (input.target == output.target && input.kind != InputSpec::Kind::User && input.argument.is<Tensor>())
      return input.argument.as<Tensor>()->name;
  throw CompileError("the program changes '" + output.target + "', which it does not list among its weights; the file is damaged");
}

bool is_mutation(const OutputSpec& o) {
  return o.kind == OutputSpec::Kind::BufferMutation || o.kind == OutputSpec::Kind::ParameterMutation ||
         o.kind == OutputSpec::Kind::InputMutation;
}

void add_user_output(const OutputSpec& spec, Arguments& arguments, Builder& b, Graph& to) {
  const Argument a = arguments.convert(spec.argument, "output '" + spec.name + "'");
  Value* v = nullptr;
  if (auto* tensor = std::get_if<Value*>(&a)) {
    v = *tensor;
  } else if (std::holds_alternative<bool>(a)) {
    v = b.scalar(DType::Bool, a);
  } else if (is_int(a)) {
    v = b.scalar(spec.argument.is<exported::SymBoolName>() ? DType::Bool : DType::I64, a);
  } else if (std::holds_alternative<double>(a) || std::holds_alternative<SymReal>(a)) {
    v = b.scalar(DType::F64, a);
  } else {
    return;  // None, a string: nothing that a program could give
  }
  to.outputs.push_back({Output::Kind::User, spec.name, v, nullptr});
}

// Values of the mutations that the file declares (the functional form of export), written when all of them are read.
void apply_declared(const exported::ExportedProgram& program, Arguments& arguments, Memory& memory, Builder& b) {
  std::vector<std::pair<std::string, Value*>> writes;
  for (const OutputSpec& o : program.outputs) {
    if (!is_mutation(o)) continue;
    const Argument a = arguments.convert(o.argument, "the new value of '" + o.target + "'");
    if (!std::holds_alternative<Value*>(a)) throw CompileError("the new value of '" + o.target + "' is no tensor; the file is damaged");
    writes.emplace_back(target_name(program, o), std::get<Value*>(a));
  }
  for (auto& [name, v] : writes) {
    const Value* old = memory.read(name);
    if (old == v) continue;
    if (old->type.sizes != v->type.sizes && old->type.sizes.size() == v->type.sizes.size()) v = b.expand(v, old->type.sizes);
    if (old->type.dtype != v->type.dtype || old->type.sizes != v->type.sizes)
      throw CompileError("the new value of '" + name + "' has another type than the old");
    memory.write(name, v);
  }
}

// Memory is planned for upper bounds: names each that is missing, all at once.
void require_bounds(const Graph& graph, const Symbols& symbols) {
  std::map<std::string, const Source*> missing;  // symbol, and who uses it first
  auto look_at = [&](const TensorType& type, const Source* source) {
    for (const SymInt& s : type.sizes)
      if (s.upper() == kNoUpper)
        for_each_symbol(s.node(), [&](const SymbolRef& symbol) {
          if (symbol->upper == kNoUpper) missing.emplace(symbol->name, source);
        });
  };
  for (const auto& node : graph.nodes) {
    for_each_operand(static_cast<const Node&>(*node), [&](const Value* v) { look_at(v->type, node->source.get()); });
    for (const Value* r : node->results) look_at(r->type, node->source.get());
  }
  for (const Value* v : graph.inputs) look_at(v->type, nullptr);
  if (missing.empty()) return;
  std::string list;
  for (const auto& [name, source] : missing) {
    std::string word = name;
    for (const Symbols::Dim& d : symbols.input_dims()) {
      bool named = false;
      if (!d.size.is_fixed()) for_each_symbol(d.size.node(), [&, &name = name](const SymbolRef& s) { named = named || s->name == name; });
      if (named) {
        word = Symbols::name_of(d);
        break;
      }
    }
    list += "\n  --max-dim " + word + "=N";
    if (source && source->line) list += "  (used at " + source->file + ":" + std::to_string(source->line) + ")";
  }
  throw CompileError("memory is planned for the largest sizes, and " + std::string(missing.size() == 1 ? "one size has" : "these sizes have") +
                     " no upper bound; give" + list);
}

}  // namespace

Graph import_graph(const exported::ExportedProgram& program, const WeightSource& weight, const ImportOptions& options) {
  const exported::Graph from = flatten(program.graph);
  AliasSets aliases(from);
  for (const OutputSpec& o : program.outputs)
    if (is_mutation(o)) aliases.write(target_name(program, o));

  Graph to;
  Generator generator(to, Generator::Home::Method);
  Builder b(to);
  b.set_generator(&generator);
  Memory memory(b);
  Symbols symbols(program, from, options.max_dims, b);
  const std::vector<InputStorage> inputs = define_inputs(program, from, aliases, to, memory, symbols, b);
  symbols.add_guards();
  if (options.bound_use) symbols.note_bounds(options.bound_use);
  const std::vector<StateStorage> states = define_weights(program, from, weight, aliases, options.states, to, memory);

  NodeImporter nodes(from, aliases, to, b, memory, symbols, options);
  for (const exported::Node& node : from.nodes) nodes.import(node);
  nodes.throw_if_unknown();

  b.set_source(nullptr, "");
  Arguments& arguments = nodes.arguments();
  for (const OutputSpec& o : program.outputs) {
    if (o.kind == OutputSpec::Kind::User || o.kind == OutputSpec::Kind::Loss) add_user_output(o, arguments, b, to);
    if (o.kind == OutputSpec::Kind::Gradient)
      throw CompileError("the program computes gradients, which etc does not; export the model for inference");
    if (o.kind == OutputSpec::Kind::Unknown) throw CompileError("an output of kind '" + o.target + "', which etc does not know");
  }
  apply_declared(program, arguments, memory, b);
  for (const StateStorage& s : states)
    if (s.storage->base != s.state)
      to.outputs.push_back({Output::Kind::State, s.state->label, b.reshape(s.storage->base, s.state->type.sizes), s.state});
  if (Value* first = generator.first()) to.outputs.push_back({Output::Kind::State, first->label, generator.state(), first});
  for (const InputStorage& i : inputs)
    if (Value* v = memory.read(i.name); v != i.input) to.outputs.push_back({Output::Kind::Input, i.input->label, v, i.input});
  to.remove_dead();
  require_bounds(to, symbols);
  return to;
}

}  // namespace etc::compile
