// Making and checking nodes with bodies; see flow.h.
#include "ir/flow.h"

#include <set>

#include "ir/probe.h"

namespace etc::compile {
namespace {

bool is_symbol(const SymInt& n) { return !n.is_fixed() && n.node()->op == SymOp::Symbol; }
// Sizes that seem equal may be written in different ways.
bool same_sizes(const Sizes& a, const Sizes& b) {
  bool same = a.size() == b.size();
  for (size_t d = 0; same && d < a.size(); ++d) same = seem_equal(a[d], b[d]);
  return same;
}
bool same_type(const Value* a, const Value* b) { return a->type.dtype == b->type.dtype && same_sizes(a->type.sizes, b->type.sizes); }

Node* insert_flow(Graph& graph, Graph::NodeList::iterator where, std::string op, std::vector<Argument> args, std::vector<TensorType> types,
                  Graph first, Graph second, std::shared_ptr<const Source> source, const std::string& name) {
  Node* node = graph.insert_node(where, std::move(op), std::move(args), std::move(types), std::move(source), name);
  node->bodies.push_back(std::make_unique<Graph>(std::move(first)));
  node->bodies.push_back(std::make_unique<Graph>(std::move(second)));
  return node;
}

bool is_list(const Argument& a) { return std::holds_alternative<Values>(a); }

// The inputs of a body are the operands, and it changes nothing outside of itself.
std::string body_fault(const Graph& body, const Values& operands) {
  if (!body.states.empty()) return "a body has state";
  if (body.inputs.size() != operands.size()) return "a body has not as many inputs as operands";
  for (size_t i = 0; i < operands.size(); ++i)
    if (!same_type(body.inputs[i], operands[i])) return "input %" + body.inputs[i]->name + " of a body has another type than its operand";
  for (const Output& o : body.outputs)
    if (o.kind != Output::Kind::User) return "a body changes its inputs";
  return {};
}

// A size of a cond's result may be a symbol that stands for what the branches give.
bool fits(const TensorType& type, const TensorType& result) {
  bool fits = type.dtype == result.dtype && type.sizes.size() == result.sizes.size();
  for (size_t d = 0; fits && d < type.sizes.size(); ++d) {
    const SymInt &size = type.sizes[d], &stated = result.sizes[d];
    fits = seem_equal(size, stated) || (is_symbol(stated) && stated.lower() <= size.lower() && size.upper() <= stated.upper());
  }
  return fits;
}

std::string results_fault(const Graph& body, const std::vector<Value*>& results) {
  if (body.outputs.size() != results.size()) return "a body has not as many outputs as results";
  for (size_t i = 0; i < results.size(); ++i)
    if (!fits(body.outputs[i].value->type, results[i]->type))
      return "output " + std::to_string(i) + " of a body has another type than the result";
  return {};
}

}  // namespace

void for_each_made_symbol(const Node& node, const std::function<void(const SymbolRef&)>& f) {
  if (node.op == "etc::item") return for_each_symbol(node.args[1], f);
  std::set<SymbolRef> known;
  auto know = [&](const SymbolRef& s) { known.insert(s); };
  for (const Argument& a : node.args) for_each_symbol(a, know);
  for_each_operand(node, [&](const Value* v) { for_each_symbol(v->type, know); });
  for (const Value* r : node.results)
    for_each_symbol(r->type, [&](const SymbolRef& s) {
      if (known.insert(s).second) f(s);
    });
}

Values body_operands(const Node& node) {
  if (is_cond(node)) return cond_operands(node);
  Values operands = carried_values(node);
  operands.insert(operands.end(), closures(node).begin(), closures(node).end());
  return operands;
}

Node* insert_cond(Graph& graph, Graph::NodeList::iterator where, Value* predicate, Values operands, Graph when_true, Graph when_false,
                  std::vector<TensorType> results, std::shared_ptr<const Source> source, const std::string& name) {
  return insert_flow(graph, where, "etc::cond", {predicate, std::move(operands)}, std::move(results), std::move(when_true),
                     std::move(when_false), std::move(source), name);
}

Node* insert_while(Graph& graph, Graph::NodeList::iterator where, Values carried, Values closures, Graph condition, Graph body,
                   std::shared_ptr<const Source> source, const std::string& name) {
  std::vector<TensorType> types;
  for (const Value* v : carried) types.emplace_back(v->type.dtype, v->type.sizes);
  return insert_flow(graph, where, "etc::while", {std::move(carried), std::move(closures)}, std::move(types), std::move(condition),
                     std::move(body), std::move(source), name);
}

std::string flow_fault(const Node& node) {
  if (node.bodies.size() != 2 || node.args.size() != 2 || !is_list(node.args[1]))
    return "a node with bodies has two of them, and two arguments";
  const auto* predicate = is_cond(node) ? std::get_if<Value*>(&node.args[0]) : nullptr;
  if (is_cond(node) && (!predicate || (*predicate)->type.dtype != DType::Bool || !(*predicate)->type.sizes.empty()))
    return "the predicate is no 0-d bool";
  if (!is_cond(node) && (!is_while(node) || !is_list(node.args[0]))) return "the op has no bodies";
  const Values operands = body_operands(node);
  for (const Value* v : operands)
    if (!v) return "an operand is missing";
  for (const auto& body : node.bodies)
    if (std::string fault = body_fault(*body, operands); !fault.empty()) return fault;
  if (is_while(node)) {
    const std::vector<Output>& condition = node.bodies[0]->outputs;
    if (condition.size() != 1 || condition[0].value->type.dtype != DType::Bool || !condition[0].value->type.sizes.empty())
      return "the condition gives no 0-d bool";
    if (carried_values(node).size() != node.results.size()) return "there are not as many results as carried values";
    return results_fault(*node.bodies[1], node.results);
  }
  std::string fault = results_fault(*node.bodies[0], node.results);
  return fault.empty() ? results_fault(*node.bodies[1], node.results) : fault;
}

}  // namespace etc::compile
