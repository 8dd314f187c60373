// Canonical form and ranges of symbolic integers; see sym.h. Arithmetic on polynomials is in polynomial.cc.
#include "ir/sym.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "ir/error.h"

namespace etc::compile {
namespace {

using Wide = __int128;

int64_t saturate(Wide n) { return n >= kNoUpper ? kNoUpper : n <= kNoLower ? kNoLower : static_cast<int64_t>(n); }

[[noreturn]] void overflow() { throw CompileError("a size computation overflows 64 bits"); }

struct Range {
  int64_t lower = kNoLower, upper = kNoUpper;
};
Range range_of(const SymRef& n) { return {n->lower, n->upper}; }
bool is_bound(int64_t n) { return n != kNoLower && n != kNoUpper; }

Range sum(Range a, Range b) {
  return {is_bound(a.lower) && is_bound(b.lower) ? saturate(Wide(a.lower) + b.lower) : kNoLower,
          is_bound(a.upper) && is_bound(b.upper) ? saturate(Wide(a.upper) + b.upper) : kNoUpper};
}
Wide times(int64_t a, int64_t b) {  // infinity times zero is zero: a bound is never reached
  if (a == 0 || b == 0) return 0;
  if (is_bound(a) && is_bound(b)) return Wide(a) * b;
  return (a < 0) == (b < 0) ? Wide(kNoUpper) : Wide(kNoLower);
}
Range product(Range a, Range b) {
  const auto [low, high] = std::minmax({times(a.lower, b.lower), times(a.lower, b.upper), times(a.upper, b.lower), times(a.upper, b.upper)});
  return {saturate(low), saturate(high)};
}
int64_t floor_quotient(int64_t a, int64_t b) {
  if (!is_bound(a)) return b > 0 ? a : a == kNoUpper ? kNoLower : kNoUpper;
  const int64_t q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

// --- evaluation of one operation ---

std::optional<int64_t> fold(SymOp op, const std::vector<int64_t>& a) {
  int64_t n = 0;
  switch (op) {
    case SymOp::FloorDiv:
      if (a[1] == 0 || (a[1] == -1 && a[0] == INT64_MIN)) return std::nullopt;
      return floor_quotient(a[0], a[1]);
    case SymOp::Mod:
      if (a[1] == 0) return std::nullopt;
      if (a[1] == -1) return 0;
      n = a[0] % a[1];
      return n != 0 && (n < 0) != (a[1] < 0) ? n + a[1] : n;
    case SymOp::Pow:
      if (a[1] < 0) return std::nullopt;
      n = 1;
      for (int64_t i = 0; i < a[1]; ++i) {
        if (__builtin_mul_overflow(n, a[0], &n)) return std::nullopt;
        if (n == 0 || n == 1) break;
        if (n == -1 && a[0] == -1) return (a[1] % 2) ? -1 : 1;
      }
      return n;
    case SymOp::Min: return std::min(a[0], a[1]);
    case SymOp::Max: return std::max(a[0], a[1]);
    case SymOp::Shl:
      if (a[1] < 0 || a[1] > 62 || __builtin_mul_overflow(a[0], int64_t{1} << a[1], &n)) return std::nullopt;
      return n;
    case SymOp::Shr:
      if (a[1] < 0 || a[1] > 63) return std::nullopt;
      return a[0] >> a[1];
    case SymOp::And: return a[0] & a[1];
    case SymOp::Or: return a[0] | a[1];
    case SymOp::Xor: return a[0] ^ a[1];
    case SymOp::Equal: return a[0] == a[1];
    case SymOp::Less: return a[0] < a[1];
    case SymOp::LessEqual: return a[0] <= a[1];
    case SymOp::Not: return a[0] == 0;
    case SymOp::Select: return a[2] ? a[0] : a[1];
    default: throw InternalError("no integer operation");
  }
}

std::optional<int64_t> to_integer(double d) {
  if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0)) return std::nullopt;
  return static_cast<int64_t>(d);
}

struct Number {  // of either kind
  int64_t integer = 0;
  double real = 0;
};

std::optional<Number> fold_numbers(const SymNode& n, const std::vector<Number>& a) {
  auto integer = [](std::optional<int64_t> i) -> std::optional<Number> {
    if (!i) return std::nullopt;
    return Number{*i, 0};
  };
  auto real = [](double d) -> std::optional<Number> { return Number{0, d}; };
  switch (n.op) {
    case SymOp::ToReal: return real(static_cast<double>(a[0].integer));
    case SymOp::RealAdd: return real(a[0].real + a[1].real);
    case SymOp::RealSub: return real(a[0].real - a[1].real);
    case SymOp::RealMul: return real(a[0].real * a[1].real);
    case SymOp::RealDiv: return real(a[0].real / a[1].real);
    case SymOp::RealEqual: return integer(a[0].real == a[1].real);
    case SymOp::RealLess: return integer(a[0].real < a[1].real);
    case SymOp::RealLessEqual: return integer(a[0].real <= a[1].real);
    case SymOp::Trunc: return integer(to_integer(std::trunc(a[0].real)));
    case SymOp::Floor: return integer(to_integer(std::floor(a[0].real)));
    case SymOp::Ceil: return integer(to_integer(std::ceil(a[0].real)));
    case SymOp::Round: return integer(to_integer(std::nearbyint(a[0].real)));
    default: break;
  }
  std::vector<int64_t> integers;
  for (const Number& x : a) integers.push_back(x.integer);
  return integer(fold(n.op, integers));
}

std::optional<Number> evaluate(const SymNode& n, const Assignment& symbols) {
  switch (n.op) {
    case SymOp::Integer: return Number{n.integer, 0};
    case SymOp::Real: return Number{0, n.real};
    case SymOp::Symbol:
      if (n.is_real) {
        if (auto it = symbols.reals.find(n.symbol->name); it != symbols.reals.end()) return Number{0, it->second};
      } else if (auto it = symbols.integers.find(n.symbol->name); it != symbols.integers.end()) {
        return Number{it->second, 0};
      }
      throw InternalError("the symbol " + n.symbol->name + " has no value");
    default: break;
  }
  std::vector<Number> args;
  for (const SymRef& a : n.args) {
    const std::optional<Number> x = evaluate(*a, symbols);
    if (!x) return std::nullopt;
    args.push_back(*x);
  }
  if (n.op != SymOp::Sum && n.op != SymOp::Product) return fold_numbers(n, args);
  int64_t total = n.integer;
  for (const Number& x : args)
    if (n.op == SymOp::Sum ? __builtin_add_overflow(total, x.integer, &total) : __builtin_mul_overflow(total, x.integer, &total))
      return std::nullopt;
  return Number{total, 0};
}

// --- text ---

const char* name_of(SymOp op) {
  switch (op) {
    case SymOp::Mod: return "mod";
    case SymOp::Pow: return "pow";
    case SymOp::Min: return "min";
    case SymOp::Max: return "max";
    case SymOp::Shl: return "shl";
    case SymOp::Shr: return "shr";
    case SymOp::And: return "and";
    case SymOp::Or: return "or";
    case SymOp::Xor: return "xor";
    case SymOp::Equal: return "eq";
    case SymOp::Less: return "lt";
    case SymOp::LessEqual: return "le";
    case SymOp::Not: return "not";
    case SymOp::Select: return "select";
    case SymOp::ToReal: return "real";
    case SymOp::RealAdd: return "radd";
    case SymOp::RealSub: return "rsub";
    case SymOp::RealMul: return "rmul";
    case SymOp::RealDiv: return "rdiv";
    case SymOp::RealEqual: return "req";
    case SymOp::RealLess: return "rlt";
    case SymOp::RealLessEqual: return "rle";
    case SymOp::Trunc: return "trunc";
    case SymOp::Floor: return "floor";
    case SymOp::Ceil: return "ceil";
    case SymOp::Round: return "round";
    default: return "?";
  }
}

std::string real_text(double d) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", d);
  std::string s = text;
  return s.find_first_of(".en") == std::string::npos ? s + ".0" : s;
}

std::string product_text(const SymNode& n) {
  std::string s = n.integer == 1 ? "" : n.integer == -1 ? "-" : std::to_string(n.integer) + "*";
  for (size_t i = 0; i < n.args.size(); ++i) s += (i ? "*" : "") + n.args[i]->text;
  return s;
}

std::string text_of(const SymNode& n) {
  std::string s;
  switch (n.op) {
    case SymOp::Integer: return std::to_string(n.integer);
    case SymOp::Real: return real_text(n.real);
    case SymOp::Symbol: return n.symbol->name;
    case SymOp::Product: return product_text(n);
    case SymOp::Sum:
      for (const SymRef& a : n.args) s += (s.empty() || a->text[0] == '-' ? "" : "+") + a->text;
      return n.integer == 0 ? s : s + (n.integer > 0 ? "+" : "") + std::to_string(n.integer);
    case SymOp::FloorDiv: {
      auto operand = [](const SymRef& a) { return a->op == SymOp::Sum || a->op == SymOp::Product || a->lower < 0 ? "(" + a->text + ")" : a->text; };
      return "(" + operand(n.args[0]) + "//" + operand(n.args[1]) + ")";
    }
    default:
      for (const SymRef& a : n.args) s += (s.empty() ? "" : ",") + a->text;
      return std::string(name_of(n.op)) + "(" + s + ")";
  }
}

Range range_of_operation(const SymNode& n) {
  auto a = [&](size_t i) { return range_of(n.args[i]); };
  Range r;
  switch (n.op) {
    case SymOp::Integer: return {n.integer, n.integer};
    case SymOp::Symbol: return {n.symbol->lower, n.symbol->upper};
    case SymOp::Sum:
      r = {n.integer, n.integer};
      for (const SymRef& arg : n.args) r = sum(r, range_of(arg));
      return r;
    case SymOp::Product:
      r = {n.integer, n.integer};
      for (const SymRef& arg : n.args) r = product(r, range_of(arg));
      return r;
    case SymOp::FloorDiv:
      if (a(1).lower <= 0) return a(0).lower >= 0 && a(1).lower >= 0 ? Range{0, a(0).upper} : r;
      r.lower = a(0).lower >= 0 ? (is_bound(a(1).upper) ? floor_quotient(a(0).lower, a(1).upper) : 0) : floor_quotient(a(0).lower, a(1).lower);
      r.upper = a(0).upper >= 0 ? floor_quotient(a(0).upper, a(1).lower) : is_bound(a(1).upper) ? floor_quotient(a(0).upper, a(1).upper) : -1;
      return r;
    case SymOp::Mod:
      if (a(1).lower <= 0) return r;
      return {0, a(0).lower >= 0 ? std::min(a(0).upper, saturate(Wide(a(1).upper) - 1)) : saturate(Wide(a(1).upper) - 1)};
    case SymOp::Min: return {std::min(a(0).lower, a(1).lower), std::min(a(0).upper, a(1).upper)};
    case SymOp::Max: return {std::max(a(0).lower, a(1).lower), std::max(a(0).upper, a(1).upper)};
    case SymOp::Pow: {
      if (a(0).lower < 0 || a(1).lower < 0) return r;
      r.lower = fold(SymOp::Pow, {a(0).lower, a(1).lower}).value_or(0);
      if (is_bound(a(0).upper) && is_bound(a(1).upper)) r.upper = fold(SymOp::Pow, {a(0).upper, a(1).upper}).value_or(kNoUpper);
      return r;
    }
    case SymOp::Shr: return a(0).lower >= 0 ? Range{0, a(0).upper} : r;
    case SymOp::Shl: return a(0).lower >= 0 ? Range{0, kNoUpper} : r;
    case SymOp::Equal:
    case SymOp::Less:
    case SymOp::LessEqual:
    case SymOp::Not:
    case SymOp::RealEqual:
    case SymOp::RealLess:
    case SymOp::RealLessEqual: return {0, 1};
    case SymOp::And:
    case SymOp::Or:
    case SymOp::Xor:
      if (a(0).lower >= 0 && a(1).lower >= 0 && a(0).upper <= 1 && a(1).upper <= 1) return {0, 1};
      return r;
    case SymOp::Select: return {std::min(a(0).lower, a(1).lower), std::max(a(0).upper, a(1).upper)};
    default: return r;
  }
}

// Bounds of what reals round to, by evaluating the expression at both ends of its symbols: the operations are monotonic in practice
// (products and quotients of nonnegative numbers); a wider answer is never needed than the two ends give.
struct RealRange {
  double lower = -INFINITY, upper = INFINITY;
};
RealRange real_range(const SymRef& n) {
  auto end = [](int64_t i, double infinity) { return is_bound(i) ? static_cast<double>(i) : infinity; };
  if (!n->is_real) return {end(n->lower, -INFINITY), end(n->upper, INFINITY)};
  switch (n->op) {
    case SymOp::Real: return {n->real, n->real};
    case SymOp::ToReal: return real_range(n->args[0]);
    case SymOp::RealAdd: {
      const RealRange a = real_range(n->args[0]), b = real_range(n->args[1]);
      return {a.lower + b.lower, a.upper + b.upper};
    }
    case SymOp::RealSub: {
      const RealRange a = real_range(n->args[0]), b = real_range(n->args[1]);
      return {a.lower - b.upper, a.upper - b.lower};
    }
    case SymOp::RealMul: {
      const RealRange a = real_range(n->args[0]), b = real_range(n->args[1]);
      auto times = [](double x, double y) { return x == 0 || y == 0 ? 0 : x * y; };
      const auto [low, high] = std::minmax({times(a.lower, b.lower), times(a.lower, b.upper), times(a.upper, b.lower), times(a.upper, b.upper)});
      return {low, high};
    }
    case SymOp::RealDiv: {
      const RealRange a = real_range(n->args[0]), b = real_range(n->args[1]);
      if (b.lower <= 0) return {};
      const auto [low, high] = std::minmax({a.lower / b.lower, a.lower / b.upper, a.upper / b.lower, a.upper / b.upper});
      return std::isnan(low) || std::isnan(high) ? RealRange{} : RealRange{low, high};
    }
    default: return {};
  }
}
Range rounded_range(const SymNode& n) {
  const RealRange r = real_range(n.args[0]);
  auto end = [](double d, int64_t otherwise) { return std::fabs(d) < 9e18 ? static_cast<int64_t>(d) : otherwise; };
  return {end(std::floor(r.lower), kNoLower), end(std::ceil(r.upper), kNoUpper)};
}

SymRef finish(SymNode n) {
  switch (n.op) {
    case SymOp::Real:
    case SymOp::ToReal:
    case SymOp::RealAdd:
    case SymOp::RealSub:
    case SymOp::RealMul:
    case SymOp::RealDiv: n.is_real = true; break;
    case SymOp::Symbol: n.is_real = n.symbol->is_real; break;
    case SymOp::Select: n.is_real = n.args[0]->is_real; break;
    case SymOp::Trunc:
    case SymOp::Floor:
    case SymOp::Ceil:
    case SymOp::Round: {
      const Range r = rounded_range(n);
      n.lower = r.lower, n.upper = r.upper;
      n.text = text_of(n);
      return std::make_shared<const SymNode>(std::move(n));
    }
    default: break;
  }
  if (!n.is_real) {
    const Range r = range_of_operation(n);
    n.lower = r.lower, n.upper = r.upper;
  }
  n.text = text_of(n);
  return std::make_shared<const SymNode>(std::move(n));
}

SymRef integer_node(int64_t i) {
  SymNode n;
  n.integer = i;
  return finish(std::move(n));
}
bool is_constant(const SymRef& n) { return n->op == SymOp::Integer || n->op == SymOp::Real; }

// --- polynomials: a constant and terms, each a coefficient times atoms (anything but sums and products) ---

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

Key key_of(const std::vector<SymRef>& atoms) {
  Key key{atoms.size(), {}};
  for (const SymRef& a : atoms) key.text += a->text + "*";
  return key;
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
Term term_of(const SymRef& n) {
  if (n->op == SymOp::Integer) return {n->integer, {}};
  if (n->op == SymOp::Product) return {n->integer, n->args};
  return {1, {n}};
}
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
SymRef node_of(const Term& t) {
  if (t.atoms.empty()) return integer_node(t.coefficient);
  if (t.coefficient == 1 && t.atoms.size() == 1) return t.atoms[0];
  SymNode n;
  n.op = SymOp::Product;
  n.integer = t.coefficient;
  n.args = t.atoms;
  return finish(std::move(n));
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

// t / by, when it goes without a rest.
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
  const std::optional<Number> n = compile::evaluate(*node_, symbols);
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
  const std::optional<Number> n = compile::evaluate(*node_, symbols);
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
    if (const std::optional<Number> folded = fold_numbers(n, numbers)) return finish(n)->is_real ? sym_real(folded->real) : integer_node(folded->integer);
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
  std::vector<SymRef> args = {a.node(), b.node()};
  std::sort(args.begin(), args.end(), [](const SymRef& x, const SymRef& y) { return x->text < y->text; });
  return SymInt(sym_apply(SymOp::Min, std::move(args)));
}
SymInt sym_max(const SymInt& a, const SymInt& b) {
  if (provably_less_equal(a, b)) return b;
  if (provably_less_equal(b, a)) return a;
  std::vector<SymRef> args = {a.node(), b.node()};
  std::sort(args.begin(), args.end(), [](const SymRef& x, const SymRef& y) { return x->text < y->text; });
  return SymInt(sym_apply(SymOp::Max, std::move(args)));
}

SymInt sym_equal(const SymInt& a, const SymInt& b) {
  if (a == b) return 1;
  if (provably_different(a, b)) return 0;
  std::vector<SymRef> args = {a.node(), b.node()};
  std::sort(args.begin(), args.end(), [](const SymRef& x, const SymRef& y) { return x->text < y->text; });
  return SymInt(sym_apply(SymOp::Equal, std::move(args)));
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
  if (x->op == SymOp::Min)
    return provably_less_equal(SymInt(x->args[0]), b) || provably_less_equal(SymInt(x->args[1]), b);
  if (y->op == SymOp::Max)
    return provably_less_equal(a, SymInt(y->args[0])) || provably_less_equal(a, SymInt(y->args[1]));
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
