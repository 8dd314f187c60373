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

std::vector<InputStorage> define_inputs(const exported::ExportedProgram& program, const exported::Graph& from, const AliasSets& aliases,
                                        Graph& to, Memory& memory) {
  std::vector<InputStorage> inputs;
  for (const InputSpec& spec : program.inputs) {
    const std::string place = "input '" + spec.name + "'";
    switch (spec.kind) {
      case InputSpec::Kind::User: {
        if (!spec.argument.is<Tensor>()) {
          if (is_number_name(spec.argument))
            throw CompileError(place + " is a symbolic number: dynamic shapes are not supported yet; export it as a constant");
          break;  // None and constants are no inputs of the program
        }
        const std::string& name = spec.argument.as<Tensor>()->name;
        auto meta = from.tensors.find(name);
        if (meta == from.tensors.end()) throw CompileError(place + ": the file does not state its type");
        const TensorType type = type_of(meta->second, place);
        Value* input = to.add_input(spec.name, TensorType(type.dtype, type.sizes));
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
  } else if (std::holds_alternative<int64_t>(a)) {
    v = b.scalar(DType::I64, a);
  } else if (std::holds_alternative<double>(a)) {
    v = b.scalar(DType::F64, a);
  } else {
    return;  // None, a string: nothing that a program could give
  }
  to.outputs.push_back({Output::Kind::User, spec.name, v, nullptr});
}

// Values of the mutations that the file declares (the functional form of export), written when all of them are read.
void apply_declared(const exported::ExportedProgram& program, Arguments& arguments, Memory& memory) {
  std::vector<std::pair<std::string, Value*>> writes;
  for (const OutputSpec& o : program.outputs) {
    if (!is_mutation(o)) continue;
    const Argument a = arguments.convert(o.argument, "the new value of '" + o.target + "'");
    if (!std::holds_alternative<Value*>(a)) throw CompileError("the new value of '" + o.target + "' is no tensor; the file is damaged");
    writes.emplace_back(target_name(program, o), std::get<Value*>(a));
  }
  for (const auto& [name, v] : writes) {
    const Value* old = memory.read(name);
    if (old == v) continue;
    if (old->type.dtype != v->type.dtype || old->type.sizes != v->type.sizes)
      throw CompileError("the new value of '" + name + "' has another type than the old");
    memory.write(name, v);
  }
}

}  // namespace

Graph import_graph(const exported::ExportedProgram& program, const WeightSource& weight, const ImportOptions& options) {
  const exported::Graph from = flatten(program.graph);
  AliasSets aliases(from);
  for (const OutputSpec& o : program.outputs)
    if (is_mutation(o)) aliases.write(target_name(program, o));

  Graph to;
  Builder b(to);
  Memory memory(b);
  const std::vector<InputStorage> inputs = define_inputs(program, from, aliases, to, memory);
  const std::vector<StateStorage> states = define_weights(program, from, weight, aliases, options.states, to, memory);

  NodeImporter nodes(from, aliases, to, b, memory, options);
  for (const exported::Node& node : from.nodes) nodes.import(node);
  nodes.throw_if_unknown();

  b.set_source(nullptr, "");
  Arguments arguments(from, memory);
  for (const OutputSpec& o : program.outputs) {
    if (o.kind == OutputSpec::Kind::User || o.kind == OutputSpec::Kind::Loss) add_user_output(o, arguments, b, to);
    if (o.kind == OutputSpec::Kind::Gradient)
      throw CompileError("the program computes gradients, which etc does not; export the model for inference");
    if (o.kind == OutputSpec::Kind::Unknown) throw CompileError("an output of kind '" + o.target + "', which etc does not know");
  }
  apply_declared(program, arguments, memory);
  for (const StateStorage& s : states)
    if (s.storage->base != s.state)
      to.outputs.push_back({Output::Kind::State, s.state->label, b.reshape(s.storage->base, s.state->type.sizes), s.state});
  for (const InputStorage& i : inputs)
    if (Value* v = memory.read(i.name); v != i.input) to.outputs.push_back({Output::Kind::Input, i.input->label, v, i.input});
  to.remove_dead();
  return to;
}

}  // namespace etc::compile
