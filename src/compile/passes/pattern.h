// Finding a small expression in a graph and putting another in its place:
//
//   rewrite(graph, "aten::mul.Tensor(?x, aten::sigmoid(?x))", [](Match& m) { return m.build().op("aten::silu", {m.value("x")}); });
//
// A pattern is a call of an op whose arguments are calls, captures, or literals as the IR's text has them ("1", "0.5", "true",
// "[1, 2]", "none"). `?x` stands for any argument, the same one each time, and `?` for any at all. Arguments that are left out at
// the end must have the schema's defaults. Of a node with several results the first is meant, and the others must be unused.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "ir/builder.h"

namespace etc::compile {

class Match {
 public:
  Match(Graph& graph, Graph::NodeList::iterator at) : at_(at), builder_(graph, at) { builder_.set_source((*at)->source, ""); }

  // What a capture stands for; CompileError when it is not there or of another kind.
  const Argument& argument(const std::string& capture) const;
  Value* value(const std::string& capture) const;
  int64_t integer(const std::string& capture) const;
  double real(const std::string& capture) const;  // from a number, or a constant of one element

  // Adds nodes before the expression.
  Builder& build() { return builder_; }
  // Adds a call of an op that only the runtime knows (docs/custom-ops.md), and gives its first result.
  Value* external(const std::string& op, const std::vector<std::pair<std::string, Argument>>& arguments, std::vector<TensorType> results);
  // The value that the expression computes.
  Value* result() const { return (*at_)->results[0]; }

  std::map<std::string, Argument> captures;

 private:
  Graph::NodeList::iterator at_;
  Builder builder_;
};

// Replaces the result of each expression that matches by what `replace` returns, a value of the same dtype and sizes; null leaves it as it
// is. Its inner values have no use outside of it. True when anything was replaced; what is dead then is removed. CompileError
// when the pattern cannot be read.
bool rewrite(Graph& graph, const std::string& pattern, const std::function<Value*(Match&)>& replace);

}  // namespace etc::compile
