// Arithmetic on sums of products; see polynomial.h.
#include "ir/polynomial.h"

#include <algorithm>
#include <iterator>

#include "ir/sym_node.h"

namespace etc::compile::sym {
namespace {

Key key_of(const std::vector<SymRef>& atoms) {
  Key key{atoms.size(), {}};
  for (const SymRef& a : atoms) key.text += a->text + "*";
  return key;
}
Term term_of(const SymRef& n) {
  if (n->op == SymOp::Integer) return {n->integer, {}};
  if (n->op == SymOp::Product) return {n->integer, n->args};
  return {1, {n}};
}
SymRef node_of(const Term& t) {
  if (t.atoms.empty()) return integer_node(t.coefficient);
  if (t.coefficient == 1 && t.atoms.size() == 1) return t.atoms[0];
  SymNode n;
  n.op = SymOp::Product;
  n.integer = t.coefficient;
  n.args = t.atoms;
  return finish(std::move(n));
}

}  // namespace

Terms terms_of(const SymInt& s) {
  Terms terms;
  const SymRef n = s.node();
  if (n->op != SymOp::Sum) {
    if (Term t = term_of(n); t.coefficient != 0) add_term(terms, t);
    return terms;
  }
  for (const SymRef& a : n->args) add_term(terms, term_of(a));
  if (n->integer != 0) add_term(terms, {n->integer, {}});
  return terms;
}
SymInt sum_of(const Terms& terms) {
  if (terms.empty()) return 0;
  if (terms.size() == 1) return SymInt(node_of(terms.begin()->second));
  SymNode n;
  n.op = SymOp::Sum;
  for (const auto& [key, t] : terms) {
    if (t.atoms.empty())
      n.integer = t.coefficient;
    else
      n.args.push_back(node_of(t));
  }
  return SymInt(finish(std::move(n)));
}

void add_term(Terms& terms, const Term& t) {
  Term& mine = terms[key_of(t.atoms)];
  if (mine.atoms.empty()) mine.atoms = t.atoms;
  if (__builtin_add_overflow(mine.coefficient, t.coefficient, &mine.coefficient)) overflow();
  if (mine.coefficient == 0) terms.erase(key_of(t.atoms));
}
Term times(const Term& a, const Term& b) {
  Term t;
  if (__builtin_mul_overflow(a.coefficient, b.coefficient, &t.coefficient)) overflow();
  std::merge(a.atoms.begin(), a.atoms.end(), b.atoms.begin(), b.atoms.end(), std::back_inserter(t.atoms),
             [](const SymRef& x, const SymRef& y) { return x->text < y->text; });
  return t;
}
std::optional<Term> quotient(const Term& t, const Term& by) {
  if (by.coefficient == 0 || t.coefficient % by.coefficient != 0) return std::nullopt;
  Term q{t.coefficient / by.coefficient, {}};
  auto atom = by.atoms.begin();
  for (const SymRef& a : t.atoms) {
    if (atom != by.atoms.end() && (*atom)->text == a->text)
      ++atom;
    else
      q.atoms.push_back(a);
  }
  if (atom != by.atoms.end()) return std::nullopt;
  return q;
}

}  // namespace etc::compile::sym
