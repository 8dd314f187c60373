// Reads the expressions of a .pt2: sympy.srepr text, "Mul(Integer(4), Symbol('s6', integer=True))".
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ir/sym.h"

namespace etc::compile {

// What a name stands for; `is_integer` as the text declares it. Null: nothing yet.
using SymbolSource = std::function<SymRef(const std::string& name, bool is_integer)>;
// f(x) of reals for a function that has no integer form: "sqrt", "exp", "pow" with two arguments, …
using RealFunction = std::function<SymRef(const std::string& name, const std::vector<SymRef>& args)>;

// Null when a symbol is not known yet. CompileError for what is no expression. Conditions are integers 0 and 1.
SymRef parse_expression(std::string_view text, const SymbolSource& symbol, const RealFunction& function);

}  // namespace etc::compile
