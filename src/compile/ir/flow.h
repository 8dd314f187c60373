// Control flow in the graph: nodes with bodies, which are graphs of their own and see nothing but their inputs.
//
//   etc::cond(Tensor predicate, Tensor[] operands)      {when true} {when false}   every body: operands → results
//   etc::while(Tensor[] carried, Tensor[] closures)     {condition} {body}         both: carried and closures → a 0-d bool; → carried
//
// A cond gives the results of one of its bodies; where these differ in a size, the result's is a symbol that the node makes. A while runs
// its body as long as its condition holds, each time on what the body gave before, at first on `carried`; its results are the carried
// values at the end. Operands are contiguous; results have memory of their own, even where a body gives back its input. A scan or map is a
// while whose carried values are a counter and the stacked results.
#pragma once

#include "ir/graph.h"

namespace etc::compile {

inline bool has_bodies(const Node& node) { return !node.bodies.empty(); }
inline bool is_cond(const Node& node) { return node.op == "etc::cond"; }
inline bool is_while(const Node& node) { return node.op == "etc::while"; }

// The lists among the arguments of a node with bodies.
inline const Values& cond_operands(const Node& node) { return std::get<Values>(node.args[1]); }
inline const Values& carried_values(const Node& node) { return std::get<Values>(node.args[0]); }
inline const Values& closures(const Node& node) { return std::get<Values>(node.args[1]); }
// What the inputs of each body are given, in order.
Values body_operands(const Node& node);

// Insert a node before `where`; a while's results have the types of `carried`.
Node* insert_cond(Graph& graph, Graph::NodeList::iterator where, Value* predicate, Values operands, Graph when_true, Graph when_false,
                  std::vector<TensorType> results, std::shared_ptr<const Source> source = nullptr, const std::string& name = {});
Node* insert_while(Graph& graph, Graph::NodeList::iterator where, Values carried, Values closures, Graph condition, Graph body,
                   std::shared_ptr<const Source> source = nullptr, const std::string& name = {});

// Calls f(symbol) for every symbol that a node makes: an item's, and sizes of results that neither operands nor arguments tell.
void for_each_made_symbol(const Node& node, const std::function<void(const SymbolRef&)>& f);

// What is wrong with the arguments, bodies and results of a node with bodies, from outside; empty when nothing is.
std::string flow_fault(const Node& node);

}  // namespace etc::compile
