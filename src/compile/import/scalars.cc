// Integers stay integers, like Python's; bool counts as one.
#include "import/scalars.h"

#include <algorithm>
#include <cmath>

namespace etc::compile {
namespace {

std::optional<int64_t> integer_of(const Argument& a) {
  if (auto* n = std::get_if<int64_t>(&a)) return *n;
  if (auto* b = std::get_if<bool>(&a)) return *b;
  return std::nullopt;
}

std::optional<double> real_of(const Argument& a) {
  if (auto* d = std::get_if<double>(&a)) return *d;
  if (std::optional<int64_t> n = integer_of(a)) return static_cast<double>(*n);
  return std::nullopt;
}

// Division that rounds down, and the remainder with the divisor's sign.
std::optional<Argument> floor_divide(int64_t a, int64_t b, bool remainder) {
  if (b == 0 || (b == -1 && a == INT64_MIN)) return std::nullopt;
  int64_t quotient = a / b, rest = a % b;
  if (rest != 0 && (rest < 0) != (b < 0)) --quotient, rest += b;
  return remainder ? rest : quotient;
}

std::optional<Argument> on_integers(const std::string& f, int64_t a, int64_t b) {
  int64_t n = 0;
  if (f == "add") return __builtin_add_overflow(a, b, &n) ? std::nullopt : std::optional<Argument>(n);
  if (f == "sub") return __builtin_sub_overflow(a, b, &n) ? std::nullopt : std::optional<Argument>(n);
  if (f == "mul") return __builtin_mul_overflow(a, b, &n) ? std::nullopt : std::optional<Argument>(n);
  if (f == "floordiv") return floor_divide(a, b, false);
  if (f == "mod") return floor_divide(a, b, true);
  if (f == "sym_max") return std::max(a, b);
  if (f == "sym_min") return std::min(a, b);
  if (f == "and_") return a & b;
  if (f == "or_") return a | b;
  return std::nullopt;
}

template <class T>
std::optional<Argument> compare(const std::string& f, T a, T b) {
  if (f == "eq") return a == b;
  if (f == "ne") return a != b;
  if (f == "lt") return a < b;
  if (f == "le") return a <= b;
  if (f == "gt") return a > b;
  if (f == "ge") return a >= b;
  return std::nullopt;
}

std::optional<Argument> on_reals(const std::string& f, double a, double b) {
  if (f == "add") return a + b;
  if (f == "sub") return a - b;
  if (f == "mul") return a * b;
  if (f == "truediv" && b != 0) return a / b;
  if (f == "pow") return std::pow(a, b);
  if (f == "sym_max") return std::max(a, b);
  if (f == "sym_min") return std::min(a, b);
  return std::nullopt;
}

std::optional<Argument> on_one(const std::string& f, const Argument& a) {
  const std::optional<int64_t> n = integer_of(a);
  const std::optional<double> d = real_of(a);
  if (!d) return std::nullopt;
  const bool fits = std::fabs(*d) < 9e18;
  if (f == "neg") return n && *n != INT64_MIN ? Argument(-*n) : Argument(-*d);
  if (f == "pos") return a;
  if (f == "sym_not") return *d == 0;
  if (f == "sym_float") return *d;
  if ((f == "sym_int" || f == "trunc") && (n || fits)) return n ? *n : static_cast<int64_t>(*d);
  return std::nullopt;
}

}  // namespace

std::optional<Argument> fold_scalars(const std::string& target, const std::vector<Argument>& operands) {
  const size_t dot = target.rfind('.');
  const std::string space = target.substr(0, dot == std::string::npos ? 0 : dot), f = target.substr(dot + 1);
  if (space != "_operator" && space != "torch" && space != "math") return std::nullopt;
  if (operands.size() == 1) return on_one(f, operands[0]);
  if (operands.size() != 2) return std::nullopt;
  const std::optional<int64_t> n0 = integer_of(operands[0]), n1 = integer_of(operands[1]);
  const bool both_bool = std::holds_alternative<bool>(operands[0]) && std::holds_alternative<bool>(operands[1]);
  if (n0 && n1) {
    if (std::optional<Argument> result = compare(f, *n0, *n1)) return result;
    std::optional<Argument> result = on_integers(f, *n0, *n1);
    if (result && both_bool && (f == "and_" || f == "or_")) return std::get<int64_t>(*result) != 0;
    if (result || f != "truediv") return result;
  }
  const std::optional<double> d0 = real_of(operands[0]), d1 = real_of(operands[1]);
  if (!d0 || !d1) return std::nullopt;
  if (std::optional<Argument> result = compare(f, *d0, *d1)) return result;
  return on_reals(f, *d0, *d1);
}

}  // namespace etc::compile
