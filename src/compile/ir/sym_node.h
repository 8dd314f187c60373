// The nodes that symbolic numbers are made of: what one operation gives, its range and its text. Internal to sym.h.
#pragma once

#include <optional>
#include <vector>

#include "ir/sym.h"

namespace etc::compile::sym {

struct Number {  // of either kind
  int64_t integer = 0;
  double real = 0;
};

// What `op` makes of these numbers; empty when the arithmetic fails. Not of Sum and Product, whose nodes hold a number of their own.
std::optional<Number> fold(SymOp op, const std::vector<Number>& args);
// The number of an expression; empty when the arithmetic fails. InternalError for a symbol without a value.
std::optional<Number> evaluate(const SymNode& n, const Assignment& symbols);

// What the text form calls an operation that is written like a function; "?" for others.
const char* name_of(SymOp op);

// The node with its kind, range and text, which follow from the rest.
SymRef finish(SymNode n);
SymRef integer_node(int64_t i);
inline bool is_constant(const SymRef& n) { return n->op == SymOp::Integer || n->op == SymOp::Real; }

inline bool is_bound(int64_t n) { return n != kNoLower && n != kNoUpper; }
// Rounded down; of a bound that says nothing, one that says nothing. b is not zero.
int64_t floor_quotient(int64_t a, int64_t b);
[[noreturn]] void overflow();  // CompileError

}  // namespace etc::compile::sym
