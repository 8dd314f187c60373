// Arguments of exported nodes as arguments of the IR: names become values and numbers, PyTorch's enumerations ours.
#pragma once

#include <string>

#include "import/exported.h"
#include "import/functionalise.h"

namespace etc::compile {

// A reference to a number of the exported graph, which may be symbolic.
inline bool is_number_name(const exported::Argument& a) {
  return a.is<exported::SymIntName>() || a.is<exported::SymFloatName>() || a.is<exported::SymBoolName>();
}

class Arguments {
 public:
  Arguments(const exported::Graph& graph, Memory& memory) : graph_(graph), memory_(memory) {}
  // CompileError that begins with `place` for what etc does not support: symbolic and complex numbers, custom objects.
  Argument convert(const exported::Argument& argument, const std::string& place);
  // The value of a number that the file gives as an expression.
  void define_number(const std::string& name, Argument value) { numbers_[name] = std::move(value); }
  // Whether the number is known.
  bool knows_number(const std::string& name) const;

 private:
  const exported::Graph& graph_;
  Memory& memory_;
  std::unordered_map<std::string, Argument> numbers_;
};

}  // namespace etc::compile
