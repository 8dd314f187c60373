// Control flow operators as nodes with bodies. Constants that a body is given become constants of the body, so that it is optimised with
// them. scan and map become a loop over a counter: slice t of `xs` is read by index, y_t written into the stacked result.
#include <algorithm>

#include "import/flatten.h"
#include "import/node_import.h"
#include "import/targets.h"
#include "ir/flow.h"
#include "ir/probe.h"
#include "ir/views.h"

namespace etc::compile {
namespace {

using exported::Tensor;

const exported::Argument& input(const exported::Node& node, size_t i) {
  if (i >= node.inputs.size()) throw CompileError("has too few arguments; the file is damaged");
  return node.inputs[i].argument;
}

const exported::Graph& subgraph(const exported::Node& node, size_t i) {
  const auto* s = input(node, i).as<exported::Subgraph>();
  if (!s || !s->graph) throw CompileError("has no graph where one belongs; the file is damaged");
  return *s->graph;
}

std::string input_name(const exported::Graph& graph, size_t i) {
  const exported::Argument& a = graph.inputs[i];
  if (auto* t = a.as<Tensor>()) return t->name;
  if (auto* n = a.as<exported::SymIntName>()) return n->name;
  throw CompileError("a body has an input that is neither a tensor nor a size");
}

bool is_constant(const Argument& a) {
  auto* v = std::get_if<Value*>(&a);
  return !v || root_of(*v)->kind == Value::Kind::Constant;
}

// Where one body of a node draws random numbers, all bodies of it take the generator's state, as input `at`. One that draws has it as its
// last input.
Value* take_generator(Graph& body, bool draws, size_t at) {
  Value* state = draws ? body.inputs.back() : body.add_input("generator", generator_type());
  std::rotate(body.inputs.begin() + static_cast<long>(at), body.inputs.end() - 1, body.inputs.end());
  return state;
}

}  // namespace

// A graph in the making: what its inputs are given, and an importer for nodes of an exported graph that it contains.
class NodeImporter::Body {
 public:
  Body(NodeImporter& outer, const exported::Node& node, const exported::Graph& exported)
      : outer_(outer),
        node_(node),
        from_(flatten(exported, node.autocast)),
        aliases_(from_),
        generator_(graph_, Generator::Home::Body),
        b_(graph_),
        memory_(b_),
        symbols_(outer.symbols_, b_),
        nodes_(from_, aliases_, graph_, b_, memory_, symbols_, outer.options_) {
    graph_.symbols = outer.to_.symbols;
    b_.set_generator(&generator_);
    b_.set_source(node.source, node.name);
  }

  Builder& builder() { return b_; }
  // An input for an operand, or the same constant.
  Value* add(const Argument& operand, const std::string& name) {
    Value* v = std::get<Value*>(operand);
    if (!is_constant(operand)) return graph_.add_input(name, TensorType(v->type.dtype, v->type.sizes));
    const Value* root = root_of(v);
    Value* same = graph_.add_constant(root->name, root->type, root->constant);
    same->label = root->label;
    return b_.strided(b_.bitcast(same, v->type.dtype), v->type.sizes, v->type.strides, view_offset(v));
  }
  // Of a condition: whether input 0 is less than `end`.
  Value* counter_below(const SymInt& end) { return b_.op("aten::lt.Scalar", {graph_.inputs[0], end}); }
  // Carried values are inputs even where they begin as constants.
  Value* add_carried(const Value* v, const std::string& name) { return graph_.add_input(name, TensorType(v->type.dtype, v->type.sizes)); }

  size_t input_count() const { return from_.inputs.size(); }
  std::string name_of(size_t i) const { return input_name(from_, i); }
  // Input i of the exported graph is `v`.
  void define(size_t i, Value* v) {
    memory_.define(name_of(i), v, aliases_.is_written(name_of(i)));
    inputs_.emplace_back(name_of(i), v);
  }
  void define_number(size_t i, const Argument& number) { nodes_.arguments_.define_number(name_of(i), number); }

  // Imports the nodes; the results are the exported graph's outputs.
  Values import() {
    for (const exported::Node& node : from_.nodes) nodes_.import(node);
    for (const auto& [op, unknown] : nodes_.unknown_) outer_.unknown_.emplace(op, unknown);
    b_.set_source(node_.source, node_.name);
    for (const auto& [name, v] : inputs_)
      if (memory_.read(name) != v) throw CompileError("a body writes into its operand '" + name + "', which PyTorch forbids");
    Values results;
    for (const exported::Argument& o : from_.outputs) results.push_back(output(nodes_.arguments_.convert(o, place_of(node_))));
    return results;
  }
  // Whether it draws random numbers. Then its last input and output are the generator's state.
  bool draws() const { return generator_.first() != nullptr; }
  // The body with these outputs.
  Graph finish(Values outputs) {
    if (draws()) outputs.push_back(generator_.state());
    for (size_t i = 0; i < outputs.size(); ++i) graph_.outputs.push_back({Output::Kind::User, std::to_string(i), outputs[i], nullptr});
    graph_.remove_dead();
    outer_.to_.symbols.insert(graph_.symbols.begin(), graph_.symbols.end());  // names stay unique
    return std::move(graph_);
  }

 private:
  Value* output(const Argument& a) {
    if (auto* v = std::get_if<Value*>(&a)) return *v;
    if (std::holds_alternative<bool>(a)) return b_.scalar(DType::Bool, a);
    if (is_int(a)) return b_.scalar(DType::I64, a);
    throw CompileError("a body gives something else than tensors and integers");
  }

  NodeImporter& outer_;
  const exported::Node& node_;
  const exported::Graph from_;
  const AliasSets aliases_;
  Graph graph_;
  Generator generator_;
  Builder b_;
  Memory memory_;
  Symbols symbols_;
  NodeImporter nodes_;
  std::vector<std::pair<std::string, Value*>> inputs_;
};

bool NodeImporter::import_flow(const exported::Node& node) {
  if (node.target == "torch.ops.higher_order.cond") return import_cond(node), true;
  if (node.target == "torch.ops.higher_order.while_loop") return import_while(node), true;
  if (node.target == "torch.ops.higher_order.scan")
    return import_scan(node, subgraph(node, 0), list(node, 1), list(node, 2), list(node, 3)), true;
  if (node.target == "torch.ops.higher_order.map_impl") return import_scan(node, subgraph(node, 0), {}, list(node, 1), list(node, 2)), true;
  return false;
}

// The elements of a list argument: values, or numbers.
std::vector<Argument> NodeImporter::list(const exported::Node& node, size_t i) {
  const Argument a = arguments_.convert(input(node, i), place_of(node));
  std::vector<Argument> elements;
  if (auto* values = std::get_if<Values>(&a)) {
    elements.assign(values->begin(), values->end());
  } else if (is_ints(a)) {
    for (const SymInt& n : syms_of(a)) elements.emplace_back(n);
  } else {
    throw CompileError("has operands that are neither tensors nor sizes");
  }
  return elements;
}

// Gives inputs first, first + 1, … of the body the operands; those that are no constants are `operands` of the node.
void NodeImporter::add_closures(Body& body, size_t first, const std::vector<Argument>& closures, Values* operands) {
  for (size_t i = 0; i < closures.size(); ++i) {
    if (!std::holds_alternative<Value*>(closures[i])) {
      body.define_number(first + i, closures[i]);
      continue;
    }
    body.define(first + i, body.add(closures[i], body.name_of(first + i)));
    if (operands && !is_constant(closures[i])) operands->push_back(std::get<Value*>(closures[i]));
  }
}

void NodeImporter::import_cond(const exported::Node& node) {
  const Argument given = arguments_.convert(input(node, 0), place_of(node));
  Value* predicate = std::holds_alternative<bool>(given) || is_int(given) ? b_.scalar(DType::Bool, given) : nullptr;
  if (auto* v = std::get_if<Value*>(&given)) predicate = b_.reshape(*v, {});
  if (!predicate) throw CompileError("has a predicate that is no tensor");
  const std::vector<Argument> operands = list(node, 3);
  Values kept;
  std::vector<Graph> branches;
  std::vector<bool> draw;
  for (size_t i = 1; i <= 2; ++i) {
    Body body(*this, node, subgraph(node, i));
    if (body.input_count() != operands.size()) throw CompileError("a branch has not as many inputs as operands; the file is damaged");
    add_closures(body, 0, operands, i == 1 ? &kept : nullptr);
    const Values results = body.import();
    draw.push_back(body.draws());
    branches.push_back(body.finish(results));
  }
  std::vector<TensorType> types = branch_types(node, branches[0], branches[1]);
  const bool draws = draw[0] || draw[1];
  if (draws) {
    for (size_t i = 0; i < 2; ++i) {
      Value* state = take_generator(branches[i], draw[i], kept.size());
      if (!draw[i]) branches[i].outputs.push_back({Output::Kind::User, "generator", state, nullptr});
    }
    kept.push_back(b_.generator().state());
    types.push_back(generator_type());
  }
  Node* made = insert_cond(to_, b_.position(), predicate, std::move(kept), std::move(branches[0]), std::move(branches[1]), std::move(types),
                           node.source, node.name);
  define_flow(node, made, 0, draws);
}

// Where the branches differ in a size, the file names a symbol for it.
std::vector<TensorType> NodeImporter::branch_types(const exported::Node& node, const Graph& a, const Graph& b) {
  if (a.outputs.size() < node.outputs.size() || b.outputs.size() < node.outputs.size())
    throw CompileError("the branches have not as many outputs as the node; the file is damaged");
  std::vector<TensorType> types;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const TensorType &x = a.outputs[i].value->type, &y = b.outputs[i].value->type;
    if (x.dtype != y.dtype || x.sizes.size() != y.sizes.size()) throw CompileError("the branches give tensors of different types");
    const auto* t = node.outputs[i].as<Tensor>();
    const auto meta = t ? from_.tensors.find(t->name) : from_.tensors.end();
    Sizes sizes = x.sizes;
    for (size_t d = 0; d < sizes.size(); ++d) {
      if (seem_equal(x.sizes[d], y.sizes[d])) continue;
      const bool is_stated = meta != from_.tensors.end() && d < meta->second.sizes.size();
      const auto* e = is_stated ? std::get_if<exported::Expression>(&meta->second.sizes[d]) : nullptr;
      const std::optional<std::string> name = e ? symbols_.undefined_symbol(*e) : std::nullopt;
      if (!name || e->text.rfind("Symbol(", 0) != 0) throw CompileError("the branches differ in a size that the file has no name for");
      sizes[d] =
          SymInt(to_.add_symbol(*name, std::min(x.sizes[d].lower(), y.sizes[d].lower()), std::max(x.sizes[d].upper(), y.sizes[d].upper())));
      symbols_.define(*name, sizes[d].node());
    }
    types.emplace_back(x.dtype, std::move(sizes));
  }
  return types;
}

void NodeImporter::import_while(const exported::Node& node) {
  const std::vector<Argument> initial = list(node, 2), additional = list(node, 3);
  Values carried, kept;
  for (const Argument& a : initial) {
    if (!std::holds_alternative<Value*>(a)) throw CompileError("carries a number; make it a 0-d tensor in the model");
    carried.push_back(std::get<Value*>(a));
  }
  std::vector<Graph> bodies;
  bool draws = false;
  for (size_t i = 0; i < 2; ++i) {
    Body body(*this, node, subgraph(node, i));
    if (body.input_count() != initial.size() + additional.size())
      throw CompileError("a body has not as many inputs as operands; the file is damaged");
    for (size_t k = 0; k < carried.size(); ++k) body.define(k, body.add_carried(carried[k], body.name_of(k)));
    add_closures(body, carried.size(), additional, i == 0 ? &kept : nullptr);
    Values results = body.import();
    if (i == 0 && results.size() == 1) results[0] = body.builder().reshape(results[0], {});
    draws = body.draws();
    if (i == 0 && draws)
      throw CompileError("draws random numbers in its condition; draw them in the body, and carry what the condition needs");
    bodies.push_back(body.finish(results));
  }
  if (draws) {
    for (size_t i = 0; i < 2; ++i) take_generator(bodies[i], i == 1, carried.size());
    carried.push_back(b_.generator().state());
  }
  Node* made = insert_while(to_, b_.position(), std::move(carried), std::move(kept), std::move(bodies[0]), std::move(bodies[1]),
                            node.source, node.name);
  define_flow(node, made, 0, draws);
}

// Carries a counter, the values of `init`, and the stacked results.
void NodeImporter::import_scan(const exported::Node& node, const exported::Graph& combine, const std::vector<Argument>& init,
                               const std::vector<Argument>& xs, const std::vector<Argument>& additional) {
  if (xs.empty() || !std::holds_alternative<Value*>(xs[0])) throw CompileError("has nothing to scan over; the file is damaged");
  const std::vector<TensorType> types = expected_types(node);
  if (types.size() < init.size()) throw CompileError("has too few results; the file is damaged");
  const SymInt length = std::get<Value*>(xs[0])->type.sizes.at(0);
  Values carried{b_.scalar(DType::I64, int64_t{0})}, kept;
  for (const Argument& a : init) carried.push_back(std::get<Value*>(a));
  for (size_t i = init.size(); i < types.size(); ++i) carried.push_back(b_.full(types[i].dtype, types[i].sizes, int64_t{0}));

  Body body(*this, node, combine), condition(*this, node, exported::Graph{});
  if (body.input_count() != init.size() + xs.size() + additional.size())
    throw CompileError("the body has not as many inputs as operands; the file is damaged");
  Builder& b = body.builder();
  Values inputs;
  for (const Value* v : carried) {
    inputs.push_back(body.add_carried(v, "carried"));
    condition.add_carried(v, "carried");
  }
  Value* at = b.reshape(inputs[0], {1});
  for (size_t i = 0; i < init.size(); ++i) body.define(i, inputs[1 + i]);
  for (size_t i = 0; i < xs.size(); ++i) {
    Value* x = std::get<Value*>(xs[i]);
    if (x->type.sizes.empty() || !(x->type.sizes[0] == length)) throw CompileError("scans over tensors of different lengths");
    const Sizes slice(x->type.sizes.begin() + 1, x->type.sizes.end());
    body.define(init.size() + i, b.reshape(b.op("aten::index_select", {body.add(xs[i], "xs"), int64_t{0}, at}), slice));
    if (!is_constant(xs[i])) kept.push_back(x);
  }
  add_closures(body, init.size() + xs.size(), additional, &kept);

  const Values results = body.import();
  if (results.size() != types.size()) throw CompileError("the body has not as many outputs as results; the file is damaged");
  Values next{b.op("aten::add.Tensor", {inputs[0], int64_t{1}})};
  for (size_t i = 0; i < results.size(); ++i)
    next.push_back(i < init.size() ? results[i] : b.op("aten::index_copy", {inputs[1 + i], int64_t{0}, at, b.unsqueeze(results[i], 0)}));
  Graph finished = body.finish(next);
  if (body.draws()) {
    take_generator(finished, true, carried.size());
    carried.push_back(b_.generator().state());
    condition.add_carried(carried.back(), "generator");
  }
  for (const Value* v : kept) condition.add_carried(v, "operand");
  Value* more = condition.counter_below(length);
  Node* loop = insert_while(to_, b_.position(), std::move(carried), std::move(kept), condition.finish({more}), std::move(finished),
                            node.source, node.name);
  define_flow(node, loop, 1, body.draws());
}

// `draws`: the last result is the generator's state.
void NodeImporter::define_flow(const exported::Node& node, Node* made, size_t first, bool draws) {
  if (std::string fault = flow_fault(*made); !fault.empty()) throw CompileError(fault);
  if (draws) b_.generator().set_state(made->results.back());
  Results results(made->results.begin() + static_cast<long>(first), made->results.end() - draws);
  for (size_t i = 0; i < results.size() && i < node.outputs.size(); ++i)
    if (is_number_name(node.outputs[i])) define_number_result(node.outputs[i], std::get<Value*>(results[i]));
  define_results(node, results);
}

// A branch gave a number: the result is a 0-d tensor that holds it.
void NodeImporter::define_number_result(const exported::Argument& output, Value* v) {
  const auto* name = output.as<exported::SymIntName>();
  if (!name) throw CompileError("gives a number that is no integer");
  const exported::Expression* e = arguments_.expression_of(name->name);
  const std::optional<std::string> symbol = e ? symbols_.undefined_symbol(*e) : std::nullopt;
  if (e) symbols_.announce(*e);
  const Argument number = b_.item(v);
  arguments_.define_number(name->name, number);
  if (symbol) symbols_.define(*symbol, sym_of(number).node());
}

}  // namespace etc::compile
