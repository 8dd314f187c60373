// Emission of flat code; see flow.h. What each construct becomes:
//
//   cond    begin; jump_if_false p, 1; …then…; r = copy(t); jump 2; label 1; …else…; r = copy(e); label 2; end
//   while   begin; x = copy(init); label 1; …condition…; jump_if_false c, 2; …body…; x = copy(next); jump 1; label 2; end
#include "plan/flow.h"

#include <algorithm>

#include "ir/error.h"
#include "ir/flow.h"
#include "passes/rewrite.h"
#include "plan/coalesce.h"

namespace etc::compile {
namespace {

class Emitter {
 public:
  std::unique_ptr<Graph> run(const Graph& graph) {
    out_.name = graph.name;
    out_.symbols = graph.symbols;
    for (Value* v : graph.inputs) {
      map_[v] = out_.add_input(v->name, v->type);
      map_[v]->label = v->label;
    }
    for (Value* v : graph.states) {
      map_[v] = out_.add_state(v->name, v->type, v->constant);
      map_[v]->label = v->label;
    }
    emit_nodes(graph);
    for (const Output& o : graph.outputs) out_.outputs.push_back({o.kind, o.name, flat(o.value), o.target ? flat(o.target) : nullptr});
    return std::make_unique<Graph>(std::move(out_));
  }

 private:
  Value* flat(Value* v) {
    Value*& found = map_[v];
    if (!found) {
      if (v->kind != Value::Kind::Constant) throw InternalError("flow: %" + v->name + " is not there yet");
      found = out_.add_constant(v->name, v->type, v->constant);
      found->label = v->label;
    }
    return found;
  }

  void emit_nodes(const Graph& graph) {
    for (const auto& node : graph.nodes) {
      if (is_cond(*node))
        emit_cond(*node);
      else if (is_while(*node))
        emit_while(*node);
      else
        emit_node(*node);
    }
  }

  void emit_node(const Node& node) {
    Node copy;
    copy.args = node.args;
    for_each_operand(copy, [this](Value*& v) { v = flat(v); });
    if (node.op == "etc::view") compose_view(copy);
    std::vector<TensorType> types;
    for (const Value* r : node.results) types.push_back(r->type);
    const std::string name = node.results.size() == 1 ? node.results[0]->name : std::string();
    Node* made = out_.add_node(node.op, std::move(copy.args), std::move(types), node.source, name);
    made->arg_names = node.arg_names;
    made->external = node.external;
    made->delegate = node.delegate;
    for (size_t i = 0; i < node.results.size(); ++i) {
      if (name.empty()) out_.rename(made->results[i], node.results[i]->name);
      map_[node.results[i]] = made->results[i];
    }
  }

  // What a body sees as a root may be a (contiguous) view outside.
  static void compose_view(Node& node) {
    Value*& operand = std::get<Value*>(node.args[0]);
    node.args[3] = sym_of(node.args[3]) + view_offset(operand);
    operand = root_of(operand);
  }

  void mark(const char* op, std::vector<Argument> args = {}) { out_.add_node(op, std::move(args), {}); }

  // A root that several nodes write.
  Value* variable(const Value* like) {
    Node* maker = out_.add_node("etc::variable", {}, {TensorType(like->type.dtype, like->type.sizes)}, nullptr, like->name);
    Value* v = maker->results[0];
    v->producer = nullptr;
    out_.nodes.pop_back();
    return v;
  }
  void copy(Value* to, Value* from, const std::shared_ptr<const Source>& source) {
    Node* node = out_.add_node("etc::copy", {from}, {}, source);
    node->results.push_back(to);
  }

  void bind(const Graph& body, const Values& operands) {
    for (size_t i = 0; i < operands.size(); ++i) map_[body.inputs[i]] = operands[i];
  }
  Values flat_list(const Values& list) {
    Values all;
    for (Value* v : list) all.push_back(flat(v));
    return all;
  }

  void emit_cond(const Node& node) {
    const int64_t otherwise = labels_++, join = labels_++;
    const Values operands = flat_list(cond_operands(node));
    mark("etc::begin");
    mark("etc::jump_if_false", {flat(std::get<Value*>(node.args[0])), otherwise});
    Values results;
    for (const Value* r : node.results) results.push_back(variable(r));
    emit_branch(node, 0, operands, results);
    mark("etc::jump", {join});
    mark("etc::label", {otherwise});
    emit_branch(node, 1, operands, results);
    mark("etc::label", {join});
    mark("etc::end");
    for (size_t i = 0; i < results.size(); ++i) {
      map_[node.results[i]] = results[i];
      if (decides_size(results[i], node)) mark("etc::sizes", {results[i]});
    }
  }
  // Whether a size of the result is a symbol that the node makes: the branches differ in it.
  static bool decides_size(const Value* result, const Node& node) {
    bool found = false;
    for_each_made_symbol(
        node, [&](const SymbolRef& made) { for_each_symbol(result->type, [&](const SymbolRef& s) { found = found || s == made; }); });
    return found;
  }
  // A copy that gives the result its sizes.
  void settle(Value* to, Value* from, const std::shared_ptr<const Source>& source) {
    std::vector<int64_t> most;
    for (const SymInt& n : to->type.sizes) most.push_back(n.upper());
    Node* node = out_.add_node("etc::settle", {from, std::move(most)}, {}, source);
    node->results.push_back(to);
  }
  void emit_branch(const Node& node, size_t which, const Values& operands, const Values& results) {
    const Graph& body = *node.bodies[which];
    bind(body, operands);
    emit_nodes(body);
    for (size_t i = 0; i < results.size(); ++i) {
      Value* from = flat(body.outputs[i].value);
      decides_size(results[i], node) ? settle(results[i], from, node.source) : copy(results[i], from, node.source);
    }
  }

  void emit_while(const Node& node) {
    const int64_t head = labels_++, exit = labels_++;
    const Graph &condition = *node.bodies[0], &body = *node.bodies[1];
    const Values initial = flat_list(carried_values(node));
    Values operands;
    mark("etc::begin");
    for (size_t i = 0; i < initial.size(); ++i) {
      operands.push_back(variable(node.results[i]));
      copy(operands[i], thin(initial[i]), node.source);
    }
    const Values variables = operands;
    for (Value* v : flat_list(closures(node))) operands.push_back(v);
    mark("etc::label", {head});
    bind(condition, operands);
    emit_nodes(condition);
    mark("etc::jump_if_false", {flat(condition.outputs[0].value), exit});
    bind(body, operands);
    emit_nodes(body);
    std::vector<std::pair<Value*, Value*>> moves;
    for (size_t i = 0; i < variables.size(); ++i) moves.emplace_back(variables[i], flat(body.outputs[i].value));
    copy_at_once(std::move(moves), node.source);
    mark("etc::jump", {head});
    mark("etc::label", {exit});
    mark("etc::end");
    for (size_t i = 0; i < variables.size(); ++i) map_[node.results[i]] = variables[i];
  }

  // One element in place of a constant of equal elements: the file need not hold the zeros that a stack of results begins as.
  Value* thin(Value* v) {
    const std::byte* element = v->type.bytes() > kLargestCopiedCarry ? uniform_element(v) : nullptr;
    if (!element) return v;
    const ConstantData data = ConstantData::copy_of(element, size_in_bytes(v->type.dtype));
    Value* one = out_.add_constant(v->name, TensorType(v->type.dtype, {}), data);
    const Sizes strides(v->type.sizes.size(), 0);
    return out_.add_node("etc::view", {one, v->type.sizes, strides, int64_t{0}}, {TensorType(v->type.dtype, v->type.sizes, strides)})
        ->results[0];
  }

  // All sources are read before any target changes: what reads a target goes before what writes it, a temporary opens cycles.
  void copy_at_once(std::vector<std::pair<Value*, Value*>> moves, const std::shared_ptr<const Source>& source) {
    std::erase_if(moves, [](const auto& m) { return m.first == m.second; });
    while (!moves.empty()) {
      auto is_ready = [&](const auto& m) {
        return std::none_of(moves.begin(), moves.end(), [&](const auto& other) { return root_of(other.second) == m.first; });
      };
      auto it = std::find_if(moves.begin(), moves.end(), is_ready);
      if (it == moves.end()) {
        Value* temporary = variable(moves.front().first);
        copy(temporary, moves.front().second, source);
        moves.front().second = temporary;
        continue;
      }
      copy(it->first, it->second, source);
      moves.erase(it);
    }
  }

  Graph out_;
  std::unordered_map<const Value*, Value*> map_;
  int64_t labels_ = 0;
};

}  // namespace

bool has_flow(const Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const auto& node) { return has_bodies(*node); });
}

bool is_mark(const Node& node) {
  return node.op == "etc::label" || node.op == "etc::jump" || node.op == "etc::jump_if_false" || node.op == "etc::begin" ||
         node.op == "etc::end";
}

FlatGraph flatten_flow(const Graph& graph, bool in_place) {
  FlatGraph flat;
  flat.graph = &graph;
  if (!has_flow(graph)) return flat;
  flat.made = Emitter().run(graph);
  flat.graph = flat.made.get();
  if (in_place) coalesce(flat);
  return flat;
}

}  // namespace etc::compile
