// Evaluation, text and ranges of the nodes of symbolic numbers; see sym_node.h.
#include "ir/sym_node.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "ir/error.h"

namespace etc::compile::sym {
namespace {

std::optional<int64_t> fold_integers(SymOp op, const std::vector<int64_t>& a) {
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

// --- text ---

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
      auto operand = [](const SymRef& a) {
        return a->op == SymOp::Sum || a->op == SymOp::Product || a->lower < 0 ? "(" + a->text + ")" : a->text;
      };
      return "(" + operand(n.args[0]) + "//" + operand(n.args[1]) + ")";
    }
    default:
      for (const SymRef& a : n.args) s += (s.empty() ? "" : ",") + a->text;
      return std::string(name_of(n.op)) + "(" + s + ")";
  }
}

// --- ranges ---

using Wide = __int128;

int64_t saturate(Wide n) { return n >= kNoUpper ? kNoUpper : n <= kNoLower ? kNoLower : static_cast<int64_t>(n); }

struct Range {
  int64_t lower = kNoLower, upper = kNoUpper;
};
Range range_of(const SymRef& n) { return {n->lower, n->upper}; }

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
  const auto [low, high] =
      std::minmax({times(a.lower, b.lower), times(a.lower, b.upper), times(a.upper, b.lower), times(a.upper, b.upper)});
  return {saturate(low), saturate(high)};
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
      const auto [low, high] =
          std::minmax({times(a.lower, b.lower), times(a.lower, b.upper), times(a.upper, b.lower), times(a.upper, b.upper)});
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
      r.lower =
          a(0).lower >= 0 ? (is_bound(a(1).upper) ? floor_quotient(a(0).lower, a(1).upper) : 0) : floor_quotient(a(0).lower, a(1).lower);
      r.upper = a(0).upper >= 0        ? floor_quotient(a(0).upper, a(1).lower)
                : is_bound(a(1).upper) ? floor_quotient(a(0).upper, a(1).upper)
                                       : -1;
      return r;
    case SymOp::Mod:
      if (a(1).lower <= 0) return r;
      return {0, a(0).lower >= 0 ? std::min(a(0).upper, saturate(Wide(a(1).upper) - 1)) : saturate(Wide(a(1).upper) - 1)};
    case SymOp::Min: return {std::min(a(0).lower, a(1).lower), std::min(a(0).upper, a(1).upper)};
    case SymOp::Max: return {std::max(a(0).lower, a(1).lower), std::max(a(0).upper, a(1).upper)};
    case SymOp::Pow: {
      if (a(0).lower < 0 || a(1).lower < 0) return r;
      r.lower = fold_integers(SymOp::Pow, {a(0).lower, a(1).lower}).value_or(0);
      if (is_bound(a(0).upper) && is_bound(a(1).upper)) r.upper = fold_integers(SymOp::Pow, {a(0).upper, a(1).upper}).value_or(kNoUpper);
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
    case SymOp::Trunc:
    case SymOp::Floor:
    case SymOp::Ceil:
    case SymOp::Round: return rounded_range(n);
    default: return r;
  }
}

}  // namespace

std::optional<Number> fold(SymOp op, const std::vector<Number>& a) {
  auto integer = [](std::optional<int64_t> i) -> std::optional<Number> {
    if (!i) return std::nullopt;
    return Number{*i, 0};
  };
  auto real = [](double d) -> std::optional<Number> { return Number{0, d}; };
  switch (op) {
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
  return integer(fold_integers(op, integers));
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
  if (n.op != SymOp::Sum && n.op != SymOp::Product) return fold(n.op, args);
  int64_t total = n.integer;
  for (const Number& x : args)
    if (n.op == SymOp::Sum ? __builtin_add_overflow(total, x.integer, &total) : __builtin_mul_overflow(total, x.integer, &total))
      return std::nullopt;
  return Number{total, 0};
}

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

int64_t floor_quotient(int64_t a, int64_t b) {
  if (!is_bound(a)) return b > 0 ? a : a == kNoUpper ? kNoLower : kNoUpper;
  const int64_t q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

void overflow() { throw CompileError("a size computation overflows 64 bits"); }

}  // namespace etc::compile::sym
