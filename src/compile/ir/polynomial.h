// Sums of products: a constant and terms, each a coefficient times atoms (anything but sums and products). Internal to sym.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ir/sym.h"

namespace etc::compile::sym {

struct Term {
  int64_t coefficient = 0;
  std::vector<SymRef> atoms;  // sorted
};
struct Key {  // higher degrees first, so that the first term leads in division
  size_t degree;
  std::string text;
  bool operator<(const Key& o) const { return degree != o.degree ? degree > o.degree : text < o.text; }
};
using Terms = std::map<Key, Term>;  // the constant is the term without atoms

Terms terms_of(const SymInt& s);
SymInt sum_of(const Terms& terms);

// These throw CompileError when a coefficient overflows.
void add_term(Terms& terms, const Term& t);
Term times(const Term& a, const Term& b);

// t / by, when it goes without a rest.
std::optional<Term> quotient(const Term& t, const Term& by);

}  // namespace etc::compile::sym
