// What a node becomes: a call of the builder, a write, a number, an external call, or nothing.
#include "import/node_import.h"

#include "import/scalars.h"
#include "import/targets.h"
#include "ir/probe.h"
#include "ir/views.h"

namespace etc::compile {
namespace {

using exported::Tensor;

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

// Kernels draw no random numbers. An op that drops some of what it computes on the way is another op here, made of smaller ones.
std::optional<std::string> name_with_dropout(const exported::Node& node, const std::string& op) {
  const bool is_attention = op == "aten::scaled_dot_product_attention";
  if (!is_attention && op != "aten::lstm.input" && op != "aten::gru.input" && op != "aten::rnn_tanh.input" && op != "aten::rnn_relu.input")
    return std::nullopt;
  const exported::Argument *p = find_argument(node, is_attention ? "dropout_p" : "dropout"), *train = find_argument(node, "train");
  if (!p || !p->as<double>() || *p->as<double>() == 0) return std::nullopt;
  if (!is_attention && !(train && train->as<bool>() && *train->as<bool>())) return std::nullopt;
  return "etc::" + op.substr(6, op.find('.') - 6) + "_with_dropout";
}

}  // namespace

void NodeImporter::import(const exported::Node& node) {
  const std::string place = place_of(node);
  b_.set_source(node.source, node.name);
  first_new_id_ = static_cast<uint32_t>(to_.values().size());
  shown_.clear();
  try {
    for (const Effects::Alias& a : effects_of(node, from_).aliases) shown_[a.result] = a.argument;
    import_known(node);
  } catch (const UnknownOp& e) {
    const std::string op = op_name(node.target);
    Unknown& unknown = unknown_[e.op == op ? op : e.op + " (part of " + op + ")"];
    if (unknown.nodes++ == 0) unknown.first_place = place;
    add_external(node, op);  // stands in, so that everything else that is missing is found too
  } catch (const CompileError& e) {
    const std::string what = e.what();
    throw CompileError(starts_with(what, "node '") ? what : place + ": " + op_name(node.target) + ": " + what, e.code());
  } catch (const InternalError& e) {
    throw InternalError(place + ": " + op_name(node.target) + ": " + e.what());
  }
}

void NodeImporter::import_known(const exported::Node& node) {
  const std::string op = op_name(node.target);
  if (op == "aten::_print") {
    if (options_.warnings) options_.warnings->push_back(place_of(node) + ": aten::_print is left out; a compiled program prints nothing");
    return;
  }
  if (import_flow(node) || import_numbers(node)) return;
  if (op == "higher_order::auto_functionalized_v2") return import_auto_functionalized(node);
  if (is_wanted_external(node, op)) return import_wanted_external(node, op);
  if (const std::optional<std::string> functional = functional_name(op); functional && is_builtin(op))
    return import_in_place(node, op, *functional);
  if (op == "aten::batch_norm" || op == "aten::_native_batch_norm_legit") {
    if (const auto* training = find_argument(node, "training");
        training && training->as<bool>() && *training->as<bool>() && find_argument(node, "running_mean"))
      return import_batch_norm(node);
  }
  const std::string name = name_with_dropout(node, op).value_or(op);
  const Schema* schema = Builder::schema_of(name);
  if (!schema) return import_unknown(node, op);
  if (starts_with(op, "aten::as_strided")) check_layout(node);
  announce_results(node);
  define_results(node, b_.call(name, arguments_for(node, *schema), expected_types(node)));
}

// Sizes and what is computed from them: the file states most values; those of tensors whose size came out here are computed.
bool NodeImporter::import_numbers(const exported::Node& node) {
  if (node.outputs.size() != 1 || !is_number_name(node.outputs[0])) return false;
  std::string name;
  if (auto* n = node.outputs[0].as<exported::SymIntName>()) name = n->name;
  if (auto* n = node.outputs[0].as<exported::SymFloatName>()) name = n->name;
  if (auto* n = node.outputs[0].as<exported::SymBoolName>()) name = n->name;
  if (arguments_.knows_number(name)) return true;
  const exported::Expression* e = arguments_.expression_of(name);
  const std::optional<std::string> symbol = e ? symbols_.undefined_symbol(*e) : std::nullopt;
  if (e) symbols_.announce(*e);
  auto define = [&](const Argument& number) {
    arguments_.define_number(name, number);
    if (!symbol) return;
    if (is_int(number)) symbols_.define(*symbol, sym_of(number).node());
    if (auto* b = std::get_if<bool>(&number)) symbols_.define(*symbol, SymInt(*b).node());
    if (auto* r = std::get_if<SymReal>(&number)) symbols_.define(*symbol, r->node());
    if (auto* d = std::get_if<double>(&number)) symbols_.define(*symbol, sym_real(*d));
  };
  if (const Schema* schema = Builder::schema_of(op_name(node.target))) {
    const Results results = b_.call(schema->name, arguments_for(node, *schema));
    if (results.size() == 1) define(results[0]);
    return true;
  }
  std::vector<Argument> operands;
  for (const exported::NamedArgument& a : node.inputs) operands.push_back(arguments_.convert(a.argument, place_of(node)));
  const std::optional<Argument> folded = fold_scalars(node.target, operands);
  if (!folded) throw CompileError("computes with numbers in a way that is not supported yet");
  define(*folded);
  return true;
}

void NodeImporter::import_in_place(const exported::Node& node, const std::string& op, const std::string& functional) {
  const Schema* schema = Builder::schema_of(functional);
  const exported::Argument* self = find_argument(node, "self");
  if (!schema || !self || !self->as<Tensor>()) throw UnknownOp(op);
  const std::string& name = self->as<Tensor>()->name;
  Results results = b_.call(functional, arguments_for(node, *schema), expected_types(node));
  Value** result = results.empty() ? nullptr : std::get_if<Value*>(&results[0]);
  if (!result) throw InternalError(functional + " has no tensor to write back");
  if (schema->returns[0].alias) {  // transpose_, detach_ and the like change how the tensor looks, not its memory
    memory_.define_view(name, name, *result);
  } else {
    Value* old = memory_.read(name);
    Value* v = b_.cast(*result, old->type.dtype);
    if (v->type.sizes != old->type.sizes && v->type.sizes.size() == old->type.sizes.size()) v = b_.expand(v, old->type.sizes);
    if (v->type.sizes != old->type.sizes) throw CompileError("writes " + to_string(v->type) + " into " + to_string(old->type));
    memory_.write(name, v);
  }
  for (const exported::Argument& output : node.outputs)
    if (auto* t = output.as<Tensor>(); t && t->name != name) memory_.define_same(t->name, name);
}

// Training mode updates the running statistics, which the schema does not say.
void NodeImporter::import_batch_norm(const exported::Node& node) {
  auto argument = [&](const char* name) {
    const exported::Argument* a = find_argument(node, name);
    return a ? arguments_.convert(*a, place_of(node)) : Argument(None{});
  };
  std::vector<TensorType> expected = expected_types(node);
  Results results = b_.call("aten::_native_batch_norm_legit_functional",
                            {argument("input"), argument("weight"), argument("bias"), argument("running_mean"), argument("running_var"),
                             true, argument("momentum"), argument("eps")},
                            std::move(expected));
  const char* statistics[] = {"running_mean", "running_var"};
  for (size_t i = 0; i < 2; ++i) {
    const exported::Argument* a = find_argument(node, statistics[i]);
    const Tensor* target = a ? a->as<Tensor>() : nullptr;
    if (target) memory_.write(target->name, b_.cast(std::get<Value*>(results[3 + i]), memory_.read(target->name)->type.dtype));
  }
  results.resize(node.outputs.size());
  define_results(node, results);
}

void NodeImporter::import_unknown(const exported::Node& node, const std::string& op) {
  if (is_builtin(op)) throw UnknownOp(op);
  add_external(node, op);
}

// as_strided speaks of memory; ours is laid out like PyTorch's only where strides and offset say the same.
void NodeImporter::check_layout(const exported::Node& node) {
  const exported::Argument* self = find_argument(node, "self");
  const Tensor* t = self ? self->as<Tensor>() : nullptr;
  auto meta = t ? from_.tensors.find(t->name) : from_.tensors.end();
  if (meta == from_.tensors.end()) return;
  const std::optional<Sizes> sizes = symbols_.sizes(meta->second.sizes), strides = symbols_.sizes(meta->second.strides);
  const Value* v = memory_.read(t->name);
  const std::optional<SymInt> offset = symbols_.integer(meta->second.storage_offset);
  if (!sizes || !strides || !offset || !same_strides(*sizes, *strides, v->type.strides) || *offset != view_offset(v))
    throw CompileError("works on a memory layout that etc does not keep; use slicing, view or permute in the model instead");
}

std::vector<Argument> NodeImporter::arguments_for(const exported::Node& node, const Schema& schema) {
  std::vector<std::optional<Argument>> given(schema.arguments.size());
  size_t position = 0;
  for (const exported::NamedArgument& a : node.inputs) {
    int found = a.name.empty() ? static_cast<int>(position) : schema.find(a.name);
    if (found < 0 && a.name == "self") found = 0;  // of an op in place; the functional form may call it `input`
    ++position;
    if (found < 0 || static_cast<size_t>(found) >= given.size())
      throw CompileError("has no argument '" + a.name + "'; the file was written by a version of PyTorch that etc does not know");
    given[static_cast<size_t>(found)] = arguments_.convert(a.argument, place_of(node));
  }
  std::vector<Argument> args;
  for (size_t i = 0; i < given.size(); ++i) {
    const SchemaArgument& parameter = schema.arguments[i];
    if (!given[i]) given[i] = parameter.default_value;
    if (!given[i] && !parameter.is_optional) throw CompileError("lacks its argument '" + parameter.name + "'");
    args.push_back(given[i].value_or(None{}));
  }
  if (node.autocast) cast_operands(node, args);
  return args;
}

// In a region of autocast an op computes in the dtype that its result has: PyTorch casts its floating operands to that.
void NodeImporter::cast_operands(const exported::Node& node, std::vector<Argument>& args) {
  std::optional<DType> computed;
  for (const exported::Argument& output : node.outputs) {
    const auto* t = output.as<Tensor>();
    const auto meta = t ? from_.tensors.find(t->name) : from_.tensors.end();
    if (meta == from_.tensors.end()) continue;
    const DType dtype = exported::require_dtype(meta->second.scalar_type, place_of(node));
    if (!computed && is_floating(dtype)) computed = dtype;
  }
  if (!computed) return;
  auto cast = [&](Value*& v) {
    if (v && is_floating(v->type.dtype)) v = b_.cast(v, *computed);
  };
  for (Argument& a : args) {
    if (auto* v = std::get_if<Value*>(&a)) cast(*v);
    if (auto* list = std::get_if<Values>(&a))
      for (Value*& v : *list) cast(v);
  }
}

template <class F>
void NodeImporter::for_each_result_meta(const exported::Node& node, F f) {
  auto look_up = [&](const Tensor& t) {
    auto meta = from_.tensors.find(t.name);
    if (meta == from_.tensors.end()) throw CompileError("the file does not state the type of '" + t.name + "'");
    f(meta->second);
  };
  for (const exported::Argument& output : node.outputs) {
    if (auto* t = output.as<Tensor>()) look_up(*t);
    if (auto* list = output.as<std::vector<Tensor>>())
      for (const Tensor& t : *list) look_up(t);
  }
}

// The types of all results; none when one of them has a size that this node decides.
std::vector<TensorType> NodeImporter::expected_types(const exported::Node& node) {
  std::vector<TensorType> types;
  bool complete = true;
  for_each_result_meta(node, [&](const exported::TensorMeta& meta) {
    if (is_static(meta)) {
      const TensorType type = type_of(meta, place_of(node));
      types.emplace_back(type.dtype, type.sizes);
      return;
    }
    std::optional<Sizes> sizes = symbols_.sizes(meta.sizes);
    complete = complete && sizes;
    if (sizes) types.emplace_back(exported::require_dtype(meta.scalar_type, place_of(node)), std::move(*sizes));
  });
  if (!complete) types.clear();
  return types;
}

void NodeImporter::announce_results(const exported::Node& node) {
  for_each_result_meta(node, [&](const exported::TensorMeta& meta) {
    for (const exported::SymInt& s : meta.sizes)
      if (auto* e = std::get_if<exported::Expression>(&s); e && !symbols_.integer(s)) symbols_.announce(*e);
  });
}

// The value with sizes as the file writes them, so that equal sizes look equal everywhere; what the file leaves open is defined by `v`.
Value* NodeImporter::conform(const exported::TensorMeta& meta, Value* v, const std::string& place) {
  const DType dtype = exported::require_dtype(meta.scalar_type, place);
  Sizes sizes = v->type.sizes;
  bool fits = dtype == v->type.dtype && meta.sizes.size() == sizes.size();
  for (size_t d = 0; fits && d < sizes.size(); ++d) {
    std::optional<SymInt> stated = symbols_.integer(meta.sizes[d]);
    if (!stated) {
      const auto& e = std::get<exported::Expression>(meta.sizes[d]);
      if (const std::optional<std::string> name = symbols_.undefined_symbol(e); name && e.text.rfind("Symbol(", 0) == 0)
        symbols_.define(*name, sizes[d].node());
      continue;
    }
    fits = seem_equal(*stated, sizes[d]);
    sizes[d] = *stated;
  }
  if (!fits)
    throw CompileError(std::string("gives ") + name_of(v->type.dtype) + to_string(v->type.sizes) + " where the file states " + name_of(dtype) +
                       to_string(sizes) + "; the file is damaged, or etc has this op wrong: please report it with the file");
  if (sizes == v->type.sizes) return v;
  if (!is_view(v) && v->kind == Value::Kind::Result && v->id >= first_new_id_) {
    v->type = TensorType(dtype, std::move(sizes));
    return v;
  }
  const bool is_contiguous = v->type.is_contiguous();
  Sizes strides = is_contiguous ? contiguous_strides(sizes) : v->type.strides;
  return b_.strided(v, std::move(sizes), std::move(strides), view_offset(v));
}

void NodeImporter::define_results(const exported::Node& node, const Results& results) {
  if (results.size() != node.outputs.size())
    throw CompileError("has " + std::to_string(results.size()) + " results, the file states " + std::to_string(node.outputs.size()));
  for (size_t i = 0; i < results.size(); ++i) {
    const exported::Argument& output = node.outputs[i];
    if (auto* t = output.as<Tensor>()) {
      auto* v = std::get_if<Value*>(&results[i]);
      if (!v || !*v) throw InternalError("result " + std::to_string(i) + " is no tensor");
      define_tensor(node, t->name, *v);
    } else if (auto* list = output.as<std::vector<Tensor>>()) {
      auto* values = std::get_if<Values>(&results[i]);
      if (!values || values->size() != list->size())
        throw InternalError("result " + std::to_string(i) + " is not a list of " + std::to_string(list->size()));
      for (size_t k = 0; k < list->size(); ++k) define_tensor(node, (*list)[k].name, (*values)[k]);
    }
  }
}

void NodeImporter::define_tensor(const exported::Node& node, const std::string& name, Value* v) {
  auto meta = from_.tensors.find(name);
  if (meta == from_.tensors.end()) throw CompileError("the file does not state the type of '" + name + "'");
  v = conform(meta->second, v, place_of(node));
  if (v->kind == Value::Kind::Result && v->id >= first_new_id_ && v->name != name) to_.rename(v, name);
  if (auto shown = shown_.find(name); shown != shown_.end()) {
    memory_.define_view(name, shown->second, v);
  } else {
    memory_.define(name, v, aliases_.is_written(name));
  }
}

void NodeImporter::throw_if_unknown() const {
  if (unknown_.empty()) return;
  std::string list = unknown_.size() == 1 ? "one op has no kernel and no decomposition:"
                                          : std::to_string(unknown_.size()) + " ops have no kernel and no decomposition:";
  for (const auto& [op, unknown] : unknown_) {
    list += "\n  " + op + " at " + unknown.first_place;
    if (unknown.nodes > 1) list += " and " + std::to_string(unknown.nodes - 1) + (unknown.nodes == 2 ? " other node" : " other nodes");
  }
  throw CompileError(list + "\nrewrite the model without them, or leave them to a table of ops at run time: --external 'NAME'");
}

}  // namespace etc::compile
