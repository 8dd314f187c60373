// Imports one node after the other: arguments by name to schema order, in-place ops to writes, results checked against the file.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "import/arguments.h"
#include "import/effects.h"
#include "import/functionalise.h"
#include "import/import_graph.h"

namespace etc::compile {

class NodeImporter {
 public:
  NodeImporter(const exported::Graph& from, const AliasSets& aliases, Graph& to, Builder& builder, Memory& memory, Symbols& symbols,
               const ImportOptions& options)
      : from_(from),
        aliases_(aliases),
        to_(to),
        b_(builder),
        memory_(memory),
        symbols_(symbols),
        arguments_(from, memory, symbols),
        options_(options) {}

  void import(const exported::Node& node);
  // Throws one CompileError that lists every op that import met and does not know.
  void throw_if_unknown() const;
  Arguments& arguments() { return arguments_; }

 private:
  void import_known(const exported::Node& node);
  void import_in_place(const exported::Node& node, const std::string& op, const std::string& functional);
  void import_batch_norm(const exported::Node& node);
  // Control flow (flow_import.cc); false when the node is none.
  class Body;
  bool import_flow(const exported::Node& node);
  void import_cond(const exported::Node& node);
  void import_while(const exported::Node& node);
  void import_scan(const exported::Node& node, const exported::Graph& combine, const std::vector<Argument>& init,
                   const std::vector<Argument>& xs, const std::vector<Argument>& additional);
  std::vector<Argument> list(const exported::Node& node, size_t i);
  void add_closures(Body& body, size_t first, const std::vector<Argument>& closures, Values* operands);
  std::vector<TensorType> branch_types(const exported::Node& node, const Graph& a, const Graph& b);
  void define_number_result(const exported::Argument& output, Value* v);
  void define_flow(const exported::Node& node, Node* made, size_t first, bool draws);
  void import_unknown(const exported::Node& node, const std::string& op);
  bool import_numbers(const exported::Node& node);
  void import_auto_functionalized(const exported::Node& node);
  bool is_wanted_external(const exported::Node& node, const std::string& op) const;
  void import_wanted_external(const exported::Node& node, const std::string& op);
  Argument external_argument(const exported::Node& node, const exported::NamedArgument& a, const Schema* schema);
  void add_external(const exported::Node& node, const std::string& op);
  struct ExternalCall;
  void add_external_call(const exported::Node& node, ExternalCall& call);
  TensorType stated_type(const exported::Node& node, const std::string& name);
  Value* window_of(const exported::Node& node, const std::string& argument, Value* base);
  void check_layout(const exported::Node& node);
  std::vector<Argument> arguments_for(const exported::Node& node, const Schema& schema);
  void cast_operands(const exported::Node& node, std::vector<Argument>& args);
  void define_results(const exported::Node& node, const Results& results);
  void define_tensor(const exported::Node& node, const std::string& name, Value* v);
  std::vector<TensorType> expected_types(const exported::Node& node);
  template <class F>
  void for_each_result_meta(const exported::Node& node, F f);
  void announce_results(const exported::Node& node);
  Value* conform(const exported::TensorMeta& meta, Value* v, const std::string& place);

  const exported::Graph& from_;
  const AliasSets& aliases_;
  Graph& to_;
  Builder& b_;
  Memory& memory_;
  Symbols& symbols_;
  Arguments arguments_;
  const ImportOptions& options_;
  uint32_t first_new_id_ = 0;                           // values of the node at work
  std::unordered_map<std::string, std::string> shown_;  // its results that show an argument's memory, and that argument
  struct Unknown {
    std::string first_place;
    int nodes = 0;
  };
  std::map<std::string, Unknown> unknown_;  // by op
};

}  // namespace etc::compile
