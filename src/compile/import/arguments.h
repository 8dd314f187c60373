// Arguments of exported nodes as arguments of the IR: names become values and numbers, PyTorch's enumerations ours.
#pragma once

#include <string>

#include "import/exported.h"
#include "import/functionalise.h"
#include "import/symbols.h"

namespace etc::compile {

// A reference to a number of the exported graph, which may be symbolic.
inline bool is_number_name(const exported::Argument& a) {
  return a.is<exported::SymIntName>() || a.is<exported::SymFloatName>() || a.is<exported::SymBoolName>();
}

class Arguments {
 public:
  Arguments(const exported::Graph& graph, Memory& memory, Symbols& symbols) : graph_(graph), memory_(memory), symbols_(symbols) {}
  // CompileError that begins with `place` for what etc does not support: complex numbers, custom objects.
  Argument convert(const exported::Argument& argument, const std::string& place);
  // The value of a number of which the file states nothing, or a symbol that its node defines.
  void define_number(const std::string& name, Argument value) { numbers_[name] = std::move(value); }
  // Whether the number is known.
  bool knows_number(const std::string& name);
  // What the file says of it when that is an expression; null when it is not.
  const exported::Expression* expression_of(const std::string& name) const;

 private:
  const exported::Graph& graph_;
  Memory& memory_;
  Symbols& symbols_;
  std::unordered_map<std::string, Argument> numbers_;
};

}  // namespace etc::compile
