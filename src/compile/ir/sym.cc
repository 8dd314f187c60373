// Arithmetic of symbolic numbers, and what can be proved of them; see sym.h. Every expression is brought to one form, as a polynomial
// (polynomial.h) when it is a sum or a product; its nodes are in sym_node.h.
#include "ir/sym.h"

#include <algorithm>

#include "ir/error.h"
#include "ir/polynomial.h"
#include "ir/sym_node.h"

namespace etc::compile {

using namespace sym;

namespace {

// Of operations that commute: one order, so that equal expressions have equal texts.
SymInt apply_sorted(SymOp op, const SymInt& a, const SymInt& b) {
  SymRef x = a.node(), y = b.node();
  if (y->text < x->text) std::swap(x, y);
  return SymInt(sym_apply(op, {x, y}));
}

}  // namespace

// --- SymInt ---

SymInt::SymInt(SymRef node) {
  if (node->is_real) throw InternalError("a real where a size is wanted: " + node->text);
  if (node->op == SymOp::Integer)
    value_ = node->integer;
  else if (node->lower == node->upper && is_bound(node->lower))
    value_ = node->lower;
  else
    node_ = std::move(node);
}
SymInt::SymInt(const SymbolRef& symbol) : SymInt(sym_symbol(symbol)) {}

SymRef SymInt::node() const { return node_ ? node_ : integer_node(value_); }

std::optional<int64_t> SymInt::evaluate(const Assignment& symbols) const {
  if (!node_) return value_;
  const std::optional<Number> n = sym::evaluate(*node_, symbols);
  if (!n) return std::nullopt;
  return n->integer;
}

int64_t SymInt::refuse() const {
  throw CompileError("needs a fixed size here, but " + node_->text +
                     " is only known when the program runs; give this dimension a fixed size at export");
}

SymInt SymInt::plain_add(int64_t a, int64_t b) {
  int64_t n = 0;
  if (__builtin_add_overflow(a, b, &n)) overflow();
  return n;
}
SymInt SymInt::plain_multiply(int64_t a, int64_t b) {
  int64_t n = 0;
  if (__builtin_mul_overflow(a, b, &n)) overflow();
  return n;
}
SymInt SymInt::add(const SymInt& a, const SymInt& b) {
  Terms terms = terms_of(a);
  for (const auto& [key, t] : terms_of(b)) add_term(terms, t);
  return sum_of(terms);
}
SymInt SymInt::multiply(const SymInt& a, const SymInt& b) {
  Terms terms;
  const Terms other = terms_of(b);
  for (const auto& [key, x] : terms_of(a))
    for (const auto& [other_key, y] : other) add_term(terms, times(x, y));
  return sum_of(terms);
}
SymInt SymInt::divide(const SymInt& a, const SymInt& b) {
  if (a.node_ || b.node_) return floor_div(a, b);
  if (b.value_ == 0 || (b.value_ == -1 && a.value_ == INT64_MIN)) throw CompileError("a size is divided by zero");
  return a.value_ / b.value_;
}
SymInt SymInt::remainder(const SymInt& a, const SymInt& b) {
  if (a.node_ || b.node_) return floor_mod(a, b);
  if (b.value_ == 0) throw CompileError("a size is divided by zero");
  return b.value_ == -1 ? 0 : a.value_ % b.value_;
}
bool SymInt::decide(const SymInt& a, const SymInt& b) {
  if (!a.node_ && !b.node_) return a.value_ < b.value_;
  if (provably_less(a, b)) return true;
  if (provably_less_equal(b, a)) return false;
  throw CompileError("needs to know when compiling whether " + to_string(a) + " is less than " + to_string(b) +
                     ", which depends on the sizes of the run; narrow the ranges of the dimensions at export");
}

std::ostream& operator<<(std::ostream& out, const SymInt& s) { return out << to_string(s); }
std::string to_string(const SymInt& n) { return n.node()->text; }

// --- SymReal ---

SymReal::SymReal(SymRef node) {
  if (!node->is_real) throw InternalError("an integer where a real is wanted: " + node->text);
  if (node->op == SymOp::Real)
    value_ = node->real;
  else
    node_ = std::move(node);
}
double SymReal::value() const {
  if (node_) throw CompileError("needs a fixed number here, but " + node_->text + " is only known when the program runs");
  return value_;
}
SymRef SymReal::node() const { return node_ ? node_ : sym_real(value_); }
std::optional<double> SymReal::evaluate(const Assignment& symbols) const {
  if (!node_) return value_;
  const std::optional<Number> n = sym::evaluate(*node_, symbols);
  if (!n) return std::nullopt;
  return n->real;
}
bool SymReal::operator==(const SymReal& o) const { return node()->text == o.node()->text; }
std::string to_string(const SymReal& r) { return r.node()->text; }

// --- operations ---

std::optional<SymOp> sym_function(const std::string& name, size_t arguments) {
  for (int i = static_cast<int>(SymOp::Mod); i <= static_cast<int>(SymOp::Round); ++i) {
    const auto op = static_cast<SymOp>(i);
    const bool is_unary = op == SymOp::Not || op == SymOp::ToReal || op >= SymOp::Trunc;
    if (name == name_of(op) && arguments == (op == SymOp::Select ? 3u : is_unary ? 1u : 2u)) return op;
  }
  return std::nullopt;
}

SymRef sym_real(double d) {
  SymNode n;
  n.op = SymOp::Real;
  n.real = d;
  return finish(std::move(n));
}
SymRef sym_symbol(const SymbolRef& symbol) {
  SymNode n;
  n.op = SymOp::Symbol;
  n.symbol = symbol;
  return finish(std::move(n));
}

SymRef sym_apply(SymOp op, std::vector<SymRef> args) {
  SymNode n;
  n.op = op;
  if (std::all_of(args.begin(), args.end(), is_constant)) {
    std::vector<Number> numbers;
    for (const SymRef& a : args) numbers.push_back({a->integer, a->real});
    n.args = args;
    if (op == SymOp::Select) return args[2]->integer ? args[0] : args[1];
    if (const std::optional<Number> folded = fold(op, numbers))
      return finish(n)->is_real ? sym_real(folded->real) : integer_node(folded->integer);
  }
  if (op == SymOp::Select && is_constant(args[2])) return args[2]->integer ? args[0] : args[1];
  n.args = std::move(args);
  return finish(std::move(n));
}

SymInt floor_div(const SymInt& a, const SymInt& b) {
  if (b == 1) return a;
  if (const std::optional<SymInt> exact = exact_quotient(a, b)) return *exact;
  // (a * d + r) // d is a + r // d.
  SymInt whole = 0, rest = a;
  if (b.is_fixed() && b > 0) {
    Terms left, right;
    for (const auto& [key, t] : terms_of(a)) {
      const int64_t q = floor_quotient(t.coefficient, b), r = t.coefficient - q * static_cast<int64_t>(b);
      if (q) add_term(left, {q, t.atoms});
      if (r) add_term(right, {r, t.atoms});
    }
    // Only terms that go without a rest, or the constant: s0 * 3 // 2 stays as it is.
    bool even = true;
    for (const auto& [key, t] : left) even = even && (t.atoms.empty() || !right.count(key));
    if (even) whole = sum_of(left), rest = sum_of(right);
  }
  if (rest.lower() >= 0 && provably_less(rest, b)) return whole;
  // (x // m) // n is x // (m * n) for positive m, n.
  const SymRef r = rest.node();
  if (r->op == SymOp::FloorDiv && b.lower() > 0 && r->args[1]->lower > 0)
    return whole + floor_div(SymInt(r->args[0]), SymInt(r->args[1]) * b);
  return whole + SymInt(sym_apply(SymOp::FloorDiv, {rest.node(), b.node()}));
}

SymInt floor_mod(const SymInt& a, const SymInt& b) {
  if (a.is_fixed() && b.is_fixed()) return SymInt(sym_apply(SymOp::Mod, {a.node(), b.node()}));
  if (exact_quotient(a, b)) return 0;
  SymInt rest = a;
  if (b.is_fixed() && b > 0) {
    Terms terms;
    for (const auto& [key, t] : terms_of(a))
      if (const int64_t r = t.coefficient - floor_quotient(t.coefficient, b) * static_cast<int64_t>(b)) add_term(terms, {r, t.atoms});
    rest = sum_of(terms);
  }
  if (rest.lower() >= 0 && provably_less(rest, b)) return rest;
  return SymInt(sym_apply(SymOp::Mod, {rest.node(), b.node()}));
}

SymInt sym_min(const SymInt& a, const SymInt& b) {
  if (provably_less_equal(a, b)) return a;
  if (provably_less_equal(b, a)) return b;
  return apply_sorted(SymOp::Min, a, b);
}
SymInt sym_max(const SymInt& a, const SymInt& b) {
  if (provably_less_equal(a, b)) return b;
  if (provably_less_equal(b, a)) return a;
  return apply_sorted(SymOp::Max, a, b);
}

SymInt sym_equal(const SymInt& a, const SymInt& b) {
  if (a == b) return 1;
  if (provably_different(a, b)) return 0;
  return apply_sorted(SymOp::Equal, a, b);
}
SymInt sym_less(const SymInt& a, const SymInt& b) {
  if (provably_less(a, b)) return 1;
  if (provably_less_equal(b, a)) return 0;
  return SymInt(sym_apply(SymOp::Less, {a.node(), b.node()}));
}
SymInt sym_less_equal(const SymInt& a, const SymInt& b) {
  if (provably_less_equal(a, b)) return 1;
  if (provably_less(b, a)) return 0;
  return SymInt(sym_apply(SymOp::LessEqual, {a.node(), b.node()}));
}

std::optional<SymInt> exact_quotient(const SymInt& a, const SymInt& b) {
  if (b == 0) return std::nullopt;
  if (a.is_fixed() && b.is_fixed()) {
    const int64_t x = a, y = b;
    if (y == -1 || x % y != 0) return y == -1 && x != INT64_MIN ? std::optional<SymInt>(-x) : std::nullopt;
    return SymInt(x / y);
  }
  constexpr int kMaxSteps = 64;
  Terms rest = terms_of(a), result;
  const Terms divisor = terms_of(b);
  for (int step = 0; !rest.empty(); ++step) {
    const std::optional<Term> q = quotient(rest.begin()->second, divisor.begin()->second);
    if (!q || step == kMaxSteps) return std::nullopt;
    add_term(result, *q);
    for (const auto& [key, t] : divisor) {
      Term minus = times(*q, t);
      minus.coefficient = -minus.coefficient;
      add_term(rest, minus);
    }
  }
  return sum_of(result);
}

bool provably_less_equal(const SymInt& a, const SymInt& b) {
  if (a.is_fixed() && b.is_fixed()) return static_cast<int64_t>(a) <= static_cast<int64_t>(b);
  if (a == b) return true;
  const SymRef x = a.node(), y = b.node();
  if (is_bound(x->upper) && is_bound(y->lower) && x->upper <= y->lower) return true;
  if (const SymInt difference = a - b; is_bound(difference.upper()) && difference.upper() <= 0) return true;
  if (x->op == SymOp::Min) return provably_less_equal(SymInt(x->args[0]), b) || provably_less_equal(SymInt(x->args[1]), b);
  if (y->op == SymOp::Max) return provably_less_equal(a, SymInt(y->args[0])) || provably_less_equal(a, SymInt(y->args[1]));
  // x // n <= x for x >= 0 and n >= 1.
  if (x->op == SymOp::FloorDiv && x->args[0]->lower >= 0 && x->args[1]->lower >= 1) return provably_less_equal(SymInt(x->args[0]), b);
  return false;
}
bool provably_less(const SymInt& a, const SymInt& b) {
  if (a.is_fixed() && b.is_fixed()) return static_cast<int64_t>(a) < static_cast<int64_t>(b);
  if (a == kNoUpper) return false;
  return provably_less_equal(a + 1, b);
}

SymRef substitute(const SymRef& node, const std::function<SymRef(const SymbolRef&)>& f) {
  switch (node->op) {
    case SymOp::Integer:
    case SymOp::Real: return node;
    case SymOp::Symbol: {
      SymRef to = f(node->symbol);
      return to ? to : node;
    }
    default: break;
  }
  std::vector<SymRef> args;
  bool changed = false;
  for (const SymRef& a : node->args) {
    args.push_back(substitute(a, f));
    changed = changed || args.back() != a;
  }
  if (!changed) return node;
  auto at = [&](size_t i) { return SymInt(args[i]); };
  SymInt total = node->integer;
  switch (node->op) {
    case SymOp::Sum:
      for (size_t i = 0; i < args.size(); ++i) total += at(i);
      return total.node();
    case SymOp::Product:
      for (size_t i = 0; i < args.size(); ++i) total *= at(i);
      return total.node();
    case SymOp::FloorDiv: return floor_div(at(0), at(1)).node();
    case SymOp::Mod: return floor_mod(at(0), at(1)).node();
    case SymOp::Min: return sym_min(at(0), at(1)).node();
    case SymOp::Max: return sym_max(at(0), at(1)).node();
    case SymOp::Equal: return sym_equal(at(0), at(1)).node();
    case SymOp::Less: return sym_less(at(0), at(1)).node();
    case SymOp::LessEqual: return sym_less_equal(at(0), at(1)).node();
    default: return sym_apply(node->op, std::move(args));
  }
}
SymInt substitute(const SymInt& n, const std::function<SymRef(const SymbolRef&)>& f) {
  return n.is_fixed() ? n : SymInt(substitute(n.node(), f));
}

void for_each_symbol(const SymRef& node, const std::function<void(const SymbolRef&)>& f) {
  if (node->op == SymOp::Symbol) f(node->symbol);
  for (const SymRef& a : node->args) for_each_symbol(a, f);
}

bool Sizes::is_fixed() const {
  return std::all_of(begin(), end(), [](const SymInt& s) { return s.is_fixed(); });
}

}  // namespace etc::compile
