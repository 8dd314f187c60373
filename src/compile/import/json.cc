// Reads the JSON documents of a .pt2 archive.
#include "import/json.h"

#include <functional>
#include <unordered_map>

#include "import/cursor.h"
#include "import/metadata.h"
#include "import/pytree.h"

namespace etc::compile::exported {
namespace {

Argument read_argument(const Cursor& c);
Graph read_graph(const Cursor& c);

// --- numbers of shapes ---

Expression read_expression(const Cursor& c) {
  Expression e;
  e.text = c.text_at("expr_str");
  c.with("hint", [&](const Cursor& hint) {
    hint.tag([&](std::string_view tag, const Cursor& v) {
      if (tag == "as_int") e.hint = v.integer();
      if (tag == "as_float") e.hint = v.real();
      if (tag == "as_bool") e.hint = v.boolean();
    });
  });
  return e;
}

SymInt read_sym_int(const Cursor& c) {
  SymInt result;
  c.tag([&](std::string_view tag, const Cursor& v) {
    if (tag == "as_int")
      result = v.integer();
    else if (tag == "as_expr")
      result = read_expression(v);
    else
      v.fail("unknown kind of integer");
  });
  return result;
}

SymFloat read_sym_float(const Cursor& c) {
  SymFloat result;
  c.tag([&](std::string_view tag, const Cursor& v) {
    if (tag == "as_float")
      result = v.real();
    else if (tag == "as_expr")
      result = read_expression(v);
    else
      v.fail("unknown kind of float");
  });
  return result;
}

SymBool read_sym_bool(const Cursor& c) {
  SymBool result;
  c.tag([&](std::string_view tag, const Cursor& v) {
    if (tag == "as_bool")
      result = v.boolean();
    else if (tag == "as_expr")
      result = read_expression(v);
    else
      v.fail("unknown kind of bool");
  });
  return result;
}

TensorMeta read_tensor_meta(const Cursor& c) {
  TensorMeta meta;
  meta.scalar_type = static_cast<ScalarType>(c.integer_at("dtype"));
  meta.layout = static_cast<int>(c.integer_at("layout", kStrided));
  c.with("sizes", [&](const Cursor& list) { list.each([&](const Cursor& v) { meta.sizes.push_back(read_sym_int(v)); }); });
  c.with("strides", [&](const Cursor& list) { list.each([&](const Cursor& v) { meta.strides.push_back(read_sym_int(v)); }); });
  c.with("storage_offset", [&](const Cursor& v) { meta.storage_offset = read_sym_int(v); });
  return meta;
}

// --- arguments ---

template <class F>
auto read_list(const Cursor& c, F read) {
  std::vector<decltype(read(c))> list;
  c.each([&](const Cursor& v) { list.push_back(read(v)); });
  return list;
}

Tensor read_tensor(const Cursor& c) { return {c.text_at("name")}; }

std::optional<Tensor> read_optional_tensor(const Cursor& c) {
  std::optional<Tensor> result;
  c.tag([&](std::string_view tag, const Cursor& v) {
    if (tag == "as_tensor")
      result = read_tensor(v);
    else if (tag != "as_none")
      v.fail("unknown kind of optional tensor");
  });
  return result;
}

// as_name or a constant `tag`.
template <class Item, class Name, class F>
Item read_sym_item(const Cursor& c, std::string_view constant_tag, F constant) {
  Item item;
  c.tag([&](std::string_view tag, const Cursor& v) {
    if (tag == "as_name")
      item = Name{std::string(v.text())};
    else if (tag == constant_tag)
      item = constant(v);
    else
      v.fail("unknown kind of symbolic argument");
  });
  return item;
}

SymIntItem read_sym_int_item(const Cursor& c) { return read_sym_item<SymIntItem, SymIntName>(c, "as_int", std::mem_fn(&Cursor::integer)); }
SymFloatItem read_sym_float_item(const Cursor& c) {
  return read_sym_item<SymFloatItem, SymFloatName>(c, "as_float", std::mem_fn(&Cursor::real));
}
SymBoolItem read_sym_bool_item(const Cursor& c) {
  return read_sym_item<SymBoolItem, SymBoolName>(c, "as_bool", std::mem_fn(&Cursor::boolean));
}

Argument from_item(const auto& item) {
  return std::visit([](const auto& v) { return Argument{v}; }, item);
}

// A list of constants when all items are.
template <class T, class Item>
Argument from_items(std::vector<Item> items) {
  std::vector<T> constants;
  for (const Item& item : items) {
    const T* constant = std::get_if<T>(&item);
    if (!constant) return {std::move(items)};
    constants.push_back(*constant);
  }
  return {std::move(constants)};
}

std::string read_string(const Cursor& c) { return std::string(c.text()); }
int64_t read_integer(const Cursor& c) { return c.integer(); }
double read_real(const Cursor& c) { return c.real(); }
bool read_boolean(const Cursor& c) { return c.boolean(); }

Complex read_complex(const Cursor& c) {
  Complex z;
  c.with("real", [&](const Cursor& v) { z.real = v.real(); });
  c.with("imag", [&](const Cursor& v) { z.imag = v.real(); });
  return z;
}

Device read_device(const Cursor& c) {
  Device device{c.text_at("type"), {}};
  c.with("index", [&](const Cursor& v) { device.index = v.integer(); });
  return device;
}

Subgraph read_subgraph(const Cursor& c) {
  Subgraph subgraph{c.text_at("name"), {}};
  if (!c.with("graph", [&](const Cursor& v) { subgraph.graph = std::make_shared<const Graph>(read_graph(v)); })) c.fail("has no graph");
  return subgraph;
}

StringToArgument read_dictionary(const Cursor& c) {
  StringToArgument result;
  c.each_field([&](std::string_view key, const Cursor& v) { result.emplace_back(key, read_argument(v)); });
  return result;
}

using ReadArgument = Argument (*)(const Cursor&);

const std::unordered_map<std::string_view, ReadArgument>& argument_readers() {
  static const std::unordered_map<std::string_view, ReadArgument> readers = {
      {"as_none", [](const Cursor&) { return Argument{None{}}; }},
      {"as_tensor", [](const Cursor& c) { return Argument{read_tensor(c)}; }},
      {"as_tensors", [](const Cursor& c) { return Argument{read_list(c, read_tensor)}; }},
      {"as_optional_tensor",
       [](const Cursor& c) {
         auto tensor = read_optional_tensor(c);
         return tensor ? Argument{std::move(*tensor)} : Argument{None{}};
       }},
      {"as_optional_tensors", [](const Cursor& c) { return Argument{read_list(c, read_optional_tensor)}; }},
      {"as_nested_tensors",
       [](const Cursor& c) { return Argument{read_list(c, [](const Cursor& l) { return read_list(l, read_tensor); })}; }},
      {"as_int", [](const Cursor& c) { return Argument{c.integer()}; }},
      {"as_ints", [](const Cursor& c) { return Argument{read_list(c, read_integer)}; }},
      {"as_int_lists", [](const Cursor& c) { return Argument{read_list(c, [](const Cursor& l) { return read_list(l, read_integer); })}; }},
      {"as_float", [](const Cursor& c) { return Argument{c.real()}; }},
      {"as_floats", [](const Cursor& c) { return Argument{read_list(c, read_real)}; }},
      {"as_float_lists", [](const Cursor& c) { return Argument{read_list(c, [](const Cursor& l) { return read_list(l, read_real); })}; }},
      {"as_bool", [](const Cursor& c) { return Argument{c.boolean()}; }},
      {"as_bools", [](const Cursor& c) { return Argument{read_list(c, read_boolean)}; }},
      {"as_string", [](const Cursor& c) { return Argument{read_string(c)}; }},
      {"as_strings", [](const Cursor& c) { return Argument{read_list(c, read_string)}; }},
      {"as_complex", [](const Cursor& c) { return Argument{read_complex(c)}; }},
      {"as_sym_int", [](const Cursor& c) { return from_item(read_sym_int_item(c)); }},
      {"as_sym_ints", [](const Cursor& c) { return from_items<int64_t>(read_list(c, read_sym_int_item)); }},
      {"as_sym_float", [](const Cursor& c) { return from_item(read_sym_float_item(c)); }},
      {"as_sym_floats", [](const Cursor& c) { return from_items<double>(read_list(c, read_sym_float_item)); }},
      {"as_sym_bool", [](const Cursor& c) { return from_item(read_sym_bool_item(c)); }},
      {"as_sym_bools", [](const Cursor& c) { return from_items<bool>(read_list(c, read_sym_bool_item)); }},
      {"as_scalar_type", [](const Cursor& c) { return Argument{ScalarTypeNumber{static_cast<ScalarType>(c.integer())}}; }},
      {"as_memory_format", [](const Cursor& c) { return Argument{MemoryFormatNumber{static_cast<int>(c.integer())}}; }},
      {"as_layout", [](const Cursor& c) { return Argument{LayoutNumber{static_cast<int>(c.integer())}}; }},
      {"as_device", [](const Cursor& c) { return Argument{read_device(c)}; }},
      {"as_graph", [](const Cursor& c) { return Argument{read_subgraph(c)}; }},
      {"as_custom_obj",
       [](const Cursor& c) {
         return Argument{CustomObject{c.text_at("name"), c.text_at("class_fqn")}};
       }},
      {"as_operator", [](const Cursor& c) { return Argument{Operator{read_string(c)}}; }},
      {"as_string_to_argument", [](const Cursor& c) { return Argument{read_dictionary(c)}; }},
  };
  return readers;
}

Argument read_argument(const Cursor& c) {
  Argument result;
  c.tag([&](std::string_view tag, const Cursor& v) {
    const auto reader = argument_readers().find(tag);
    result = reader == argument_readers().end() ? Argument{Unknown{std::string(tag)}} : reader->second(v);
  });
  return result;
}

// --- graph ---

Node read_node(const Cursor& c) {
  Node node;
  node.name = c.text_at("name");
  node.target = c.text_at("target");
  c.with("inputs", [&](const Cursor& list) {
    list.each([&](const Cursor& v) {
      NamedArgument& input = node.inputs.emplace_back();
      input.name = v.text_at("name");
      input.keyword = v.integer_at("kind") == 2;
      if (!v.with("arg", [&](const Cursor& arg) { input.argument = read_argument(arg); })) v.fail("has no arg");
    });
  });
  c.with("outputs", [&](const Cursor& list) { node.outputs = read_list(list, read_argument); });
  std::string stack_trace, module_stack;
  c.with("metadata", [&](const Cursor& metadata) {
    stack_trace = metadata.text_at("stack_trace");
    module_stack = metadata.text_at("nn_module_stack");
  });
  std::string_view name = node.name;
  if (name.empty() && !node.outputs.empty())
    if (const auto* tensor = node.outputs[0].as<Tensor>()) name = tensor->name;
  node.source = std::make_shared<const Source>(make_source(name, stack_trace, module_stack));
  return node;
}

template <class T, class F>
void read_values(const Cursor& c, std::string_view key, std::map<std::string, T>* values, F read) {
  c.with(key, [&](const Cursor& map) { map.each_field([&](std::string_view name, const Cursor& v) { values->emplace(name, read(v)); }); });
}

Graph read_graph(const Cursor& c) {
  Graph graph;
  c.with("inputs", [&](const Cursor& list) { graph.inputs = read_list(list, read_argument); });
  c.with("outputs", [&](const Cursor& list) { graph.outputs = read_list(list, read_argument); });
  c.with("nodes", [&](const Cursor& list) { graph.nodes = read_list(list, read_node); });
  read_values(c, "tensor_values", &graph.tensors, read_tensor_meta);
  read_values(c, "sym_int_values", &graph.sym_ints, read_sym_int);
  read_values(c, "sym_float_values", &graph.sym_floats, read_sym_float);
  read_values(c, "sym_bool_values", &graph.sym_bools, read_sym_bool);
  return graph;
}

// --- signature ---

// The field `arg`: an Argument, or in the other kinds of spec a bare {name}.
void read_spec_argument(const Cursor& c, bool tagged, Argument* argument) {
  c.with("arg", [&](const Cursor& arg) { *argument = tagged ? read_argument(arg) : Argument{read_tensor(arg)}; });
}

InputSpec read_input_spec(const Cursor& c) {
  using Kind = InputSpec::Kind;
  static const std::unordered_map<std::string_view, std::pair<Kind, const char*>> kinds = {
      {"user_input", {Kind::User, ""}},
      {"parameter", {Kind::Parameter, "parameter_name"}},
      {"buffer", {Kind::Buffer, "buffer_name"}},
      {"tensor_constant", {Kind::TensorConstant, "tensor_constant_name"}},
      {"custom_obj", {Kind::CustomObject, "custom_obj_name"}},
      {"token", {Kind::Token, ""}},
      {"constant_input", {Kind::Constant, ""}},
  };
  InputSpec spec;
  c.tag([&](std::string_view tag, const Cursor& v) {
    const auto kind = kinds.find(tag);
    if (kind == kinds.end()) {
      spec.target = tag;
      return;
    }
    spec.kind = kind->second.first;
    if (*kind->second.second) spec.target = v.text_at(kind->second.second);
    spec.persistent = v.boolean_at("persistent", true);
    spec.name = v.text_at("name");
    if (spec.kind == Kind::Constant)
      v.with("value", [&](const Cursor& value) { spec.argument = read_argument(value); });
    else
      read_spec_argument(v, spec.kind == Kind::User, &spec.argument);
  });
  return spec;
}

OutputSpec read_output_spec(const Cursor& c) {
  using Kind = OutputSpec::Kind;
  static const std::unordered_map<std::string_view, std::pair<Kind, const char*>> kinds = {
      {"user_output", {Kind::User, ""}},
      {"buffer_mutation", {Kind::BufferMutation, "buffer_name"}},
      {"user_input_mutation", {Kind::InputMutation, "user_input_name"}},
      {"parameter_mutation", {Kind::ParameterMutation, "parameter_name"}},
      {"token", {Kind::Token, ""}},
      {"loss_output", {Kind::Loss, ""}},
      {"gradient_to_parameter", {Kind::Gradient, "parameter_name"}},
      {"gradient_to_user_input", {Kind::Gradient, "user_input_name"}},
  };
  OutputSpec spec;
  c.tag([&](std::string_view tag, const Cursor& v) {
    const auto kind = kinds.find(tag);
    if (kind == kinds.end()) {
      spec.target = tag;
      return;
    }
    spec.kind = kind->second.first;
    if (*kind->second.second) spec.target = v.text_at(kind->second.second);
    read_spec_argument(v, spec.kind == Kind::User, &spec.argument);
  });
  return spec;
}

void read_calling_convention(const Cursor& module, ExportedProgram* program) {
  CallingConvention convention;
  module.with("treespec_namedtuple_fields", [&](const Cursor& map) {
    map.each_field([&](std::string_view name, const Cursor& v) {
      v.with("field_names", [&](const Cursor& list) { convention.namedtuple_fields[std::string(name)] = read_list(list, read_string); });
    });
  });
  module.with("module_call_graph", [&](const Cursor& list) {
    list.each([&](const Cursor& entry) {
      if (!entry.text_at("fqn").empty()) return;
      entry.with("signature", [&](const Cursor& signature) {
        convention.in_spec = signature.text_at("in_spec");
        convention.out_spec = signature.text_at("out_spec");
        signature.with("forward_arg_names", [&](const Cursor& names) { convention.argument_names = read_list(names, read_string); });
      });
    });
  });
  name_inputs(convention, &program->inputs);
  name_outputs(convention, &program->outputs);
}

bool is_identifier(std::string_view s) {
  for (char c : s)
    if (!(isalnum(static_cast<unsigned char>(c)) || c == '_')) return false;
  return !s.empty();
}

void check_version(const Cursor& root) {
  int64_t major = -1, minor = 0;
  root.with("schema_version", [&](const Cursor& v) { major = v.integer_at("major", -1), minor = v.integer_at("minor"); });
  if (major == -1) root.fail("has no schema_version: this is not an exported program");
  if (major != 8 && !(major == 0 && minor == 0))
    root.fail("schema version " + std::to_string(major) + "." + std::to_string(minor) +
              " is not supported; export the model again with a PyTorch that writes version 8 (2.5 to 2.13 do)");
}

}  // namespace

ExportedProgram read_program(std::string json, const std::string& document) {
  ExportedProgram program;
  parse_json(std::move(json), document, [&](const Cursor& root) {
    check_version(root);
    program.torch_version = root.text_at("torch_version");
    root.with("verifiers", [&](const Cursor& list) { program.verifiers = read_list(list, read_string); });
    root.with("guards_code", [&](const Cursor& list) { program.guards = read_list(list, read_string); });
    root.with("range_constraints", [&](const Cursor& map) {
      map.each_field([&](std::string_view symbol, const Cursor& v) {
        if (!is_identifier(symbol)) return;
        Range& range = program.ranges[std::string(symbol)];
        v.with("min_val", [&](const Cursor& n) { range.min = n.integer(); });
        v.with("max_val", [&](const Cursor& n) { range.max = n.integer(); });
      });
    });
    const bool complete = root.with("graph_module", [&](const Cursor& module) {
      if (!module.with("graph", [&](const Cursor& v) { program.graph = read_graph(v); })) module.fail("has no graph");
      const bool has_signature = module.with("signature", [&](const Cursor& signature) {
        signature.with("input_specs", [&](const Cursor& list) { program.inputs = read_list(list, read_input_spec); });
        signature.with("output_specs", [&](const Cursor& list) { program.outputs = read_list(list, read_output_spec); });
      });
      if (!has_signature) module.fail("has no signature");
      if (program.inputs.size() != program.graph.inputs.size() || program.outputs.size() != program.graph.outputs.size())
        module.fail("the signature does not have one entry for each input and output of the graph");
      read_calling_convention(module, &program);
    });
    if (!complete) root.fail("has no graph_module");
  });
  return program;
}

std::map<std::string, Payload> read_payloads(std::string json, const std::string& document) {
  std::map<std::string, Payload> payloads;
  parse_json(std::move(json), document, [&](const Cursor& root) {
    root.with("config", [&](const Cursor& map) {
      map.each_field([&](std::string_view name, const Cursor& v) {
        Payload& payload = payloads[std::string(name)];
        payload.path_name = v.text_at("path_name");
        payload.use_pickle = v.boolean_at("use_pickle");
        v.with("tensor_meta", [&](const Cursor& meta) { payload.meta = read_tensor_meta(meta); });
      });
    });
  });
  return payloads;
}

}  // namespace etc::compile::exported
