// Integers of shapes that may be known only when the program runs: a constant, or an expression over symbols.
//
// Expressions are immutable, shared and canonical (sums of products with constants folded), so that structural equality finds equal sizes:
// (s0 + 1) * 2 - s0 is s0 + 2. Ranges come from those of the symbols. Code that needs a number converts to int64_t and throws a
// CompileError when there is none: what has not been taught symbols gives a clear message instead of a wrong answer.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <unordered_map>
#include <vector>

namespace etc::compile {

// Beyond every size; as a bound it means that there is none.
constexpr int64_t kNoUpper = INT64_MAX, kNoLower = INT64_MIN;

struct Symbol {
  std::string name;
  int64_t lower = 0, upper = kNoUpper;  // inclusive; of integers
  bool is_real = false;
};
using SymbolRef = std::shared_ptr<const Symbol>;

enum class SymOp : uint8_t {
  Integer,
  Real,
  Symbol,
  Sum,      // integer + args
  Product,  // integer * args
  FloorDiv,
  Mod,
  Pow,
  Min,
  Max,
  Shl,
  Shr,
  And,
  Or,
  Xor,
  Equal,
  Less,
  LessEqual,
  Not,
  Select,  // (when true, when false, condition)
  ToReal,
  RealAdd,
  RealSub,
  RealMul,
  RealDiv,
  RealEqual,
  RealLess,
  RealLessEqual,
  Trunc,
  Floor,
  Ceil,
  Round,
};

struct SymNode;
using SymRef = std::shared_ptr<const SymNode>;
struct SymNode {
  SymOp op = SymOp::Integer;
  int64_t integer = 0;  // Integer, Sum, Product
  double real = 0;      // Real
  SymbolRef symbol;
  std::vector<SymRef> args;
  bool is_real = false;
  int64_t lower = 0, upper = 0;  // of integers
  std::string text;              // equal for equal expressions; what dumps show
};

// Numbers for symbols, by name.
struct Assignment {
  std::unordered_map<std::string, int64_t> integers;
  std::unordered_map<std::string, double> reals;
};

template <class T>
concept PlainInteger = std::integral<T>;

class SymInt {
 public:
  SymInt() = default;
  template <PlainInteger T>
  SymInt(T n) : value_(static_cast<int64_t>(n)) {}
  explicit SymInt(SymRef node);  // an integer expression
  explicit SymInt(const SymbolRef& symbol);

  bool is_fixed() const { return !node_; }
  // The number; CompileError when it is not fixed.
  operator int64_t() const { return node_ ? refuse() : value_; }
  int64_t lower() const { return node_ ? node_->lower : value_; }
  int64_t upper() const { return node_ ? node_->upper : value_; }
  SymRef node() const;  // also of constants
  // The number under an assignment of all its symbols; empty when the arithmetic fails.
  std::optional<int64_t> evaluate(const Assignment& symbols) const;

  // Provably equal: false does not say that they differ.
  friend bool operator==(const SymInt& a, const SymInt& b) {
    return a.node_ && b.node_ ? a.node_ == b.node_ || a.node_->text == b.node_->text : !a.node_ && !b.node_ && a.value_ == b.value_;
  }
  friend SymInt operator+(const SymInt& a, const SymInt& b) { return a.node_ || b.node_ ? add(a, b) : plain_add(a.value_, b.value_); }
  friend SymInt operator-(const SymInt& a, const SymInt& b) { return a + b * SymInt(-1); }
  friend SymInt operator*(const SymInt& a, const SymInt& b) {
    return a.node_ || b.node_ ? multiply(a, b) : plain_multiply(a.value_, b.value_);
  }
  friend SymInt operator-(const SymInt& a) { return a * SymInt(-1); }
  // Of constants as in C++; of expressions rounded down, as in Python.
  friend SymInt operator/(const SymInt& a, const SymInt& b) { return divide(a, b); }
  friend SymInt operator%(const SymInt& a, const SymInt& b) { return remainder(a, b); }
  SymInt& operator+=(const SymInt& o) { return *this = *this + o; }
  SymInt& operator-=(const SymInt& o) { return *this = *this - o; }
  SymInt& operator*=(const SymInt& o) { return *this = *this * o; }
  SymInt& operator/=(const SymInt& o) { return *this = *this / o; }
  SymInt& operator++() { return *this += SymInt(1); }

  // Decided by ranges; CompileError when they cannot.
  friend bool operator<(const SymInt& a, const SymInt& b) { return decide(a, b); }
  friend bool operator>(const SymInt& a, const SymInt& b) { return decide(b, a); }
  friend bool operator<=(const SymInt& a, const SymInt& b) { return !decide(b, a); }
  friend bool operator>=(const SymInt& a, const SymInt& b) { return !decide(a, b); }
  friend std::ostream& operator<<(std::ostream& out, const SymInt& s);

 private:
  int64_t refuse() const;
  static SymInt plain_add(int64_t a, int64_t b);
  static SymInt plain_multiply(int64_t a, int64_t b);
  static SymInt add(const SymInt& a, const SymInt& b);
  static SymInt multiply(const SymInt& a, const SymInt& b);
  static SymInt divide(const SymInt& a, const SymInt& b);
  static SymInt remainder(const SymInt& a, const SymInt& b);
  static bool decide(const SymInt& a, const SymInt& b);  // a < b

  int64_t value_ = 0;
  SymRef node_;
};

// Exact matches, so that neither operand is converted to a built-in integer.
#define ETC_SYM_OPERATOR(result, op)                    \
  template <PlainInteger T>                             \
  inline result operator op(const SymInt& a, T b) {     \
    return a op SymInt(b);                              \
  }                                                     \
  template <PlainInteger T>                             \
  inline result operator op(T a, const SymInt& b) {     \
    return SymInt(a) op b;                              \
  }
ETC_SYM_OPERATOR(SymInt, +)
ETC_SYM_OPERATOR(SymInt, -)
ETC_SYM_OPERATOR(SymInt, *)
ETC_SYM_OPERATOR(SymInt, /)
ETC_SYM_OPERATOR(SymInt, %)
ETC_SYM_OPERATOR(bool, <)
ETC_SYM_OPERATOR(bool, >)
ETC_SYM_OPERATOR(bool, <=)
ETC_SYM_OPERATOR(bool, >=)
#undef ETC_SYM_OPERATOR
template <PlainInteger T>
inline bool operator==(const SymInt& a, T b) {
  return a == SymInt(b);
}

// A double, or an expression that gives one (`item` of a float tensor, a quotient of sizes).
class SymReal {
 public:
  explicit SymReal(double d) : value_(d) {}
  explicit SymReal(SymRef node);
  bool is_fixed() const { return !node_; }
  double value() const;  // CompileError when it is not fixed
  SymRef node() const;
  std::optional<double> evaluate(const Assignment& symbols) const;
  bool operator==(const SymReal& o) const;

 private:
  double value_ = 0;
  SymRef node_;
};

// Python's floor division and remainder, and the rest that shapes are made of. Booleans are 0 and 1.
SymInt floor_div(const SymInt& a, const SymInt& b);
SymInt floor_mod(const SymInt& a, const SymInt& b);
SymInt sym_min(const SymInt& a, const SymInt& b);
SymInt sym_max(const SymInt& a, const SymInt& b);
inline SymInt sym_clamp(const SymInt& n, const SymInt& low, const SymInt& high) { return sym_min(sym_max(n, low), high); }
SymInt sym_equal(const SymInt& a, const SymInt& b);
SymInt sym_less(const SymInt& a, const SymInt& b);
SymInt sym_less_equal(const SymInt& a, const SymInt& b);
// The operation that the text form calls so, if it takes that many numbers.
std::optional<SymOp> sym_function(const std::string& name, size_t arguments);
// Any other operation over nodes of the right kinds; constants are folded.
SymRef sym_apply(SymOp op, std::vector<SymRef> args);
SymRef sym_real(double d);
SymRef sym_symbol(const SymbolRef& symbol);

// a / b when b divides a whatever the symbols are; else empty.
std::optional<SymInt> exact_quotient(const SymInt& a, const SymInt& b);
// Whether a < b (a <= b) is true for all values in the ranges.
bool provably_less(const SymInt& a, const SymInt& b);
bool provably_less_equal(const SymInt& a, const SymInt& b);
inline bool provably_different(const SymInt& a, const SymInt& b) { return provably_less(a, b) || provably_less(b, a); }

// Every symbol becomes what `f` says of it; null keeps it.
SymRef substitute(const SymRef& node, const std::function<SymRef(const SymbolRef&)>& f);
SymInt substitute(const SymInt& n, const std::function<SymRef(const SymbolRef&)>& f);
// Calls f(symbol) for each occurrence.
void for_each_symbol(const SymRef& node, const std::function<void(const SymbolRef&)>& f);

std::string to_string(const SymInt& n);
std::string to_string(const SymReal& r);

// Sizes and strides. A list of integers is one.
class Sizes : public std::vector<SymInt> {
 public:
  using std::vector<SymInt>::vector;
  Sizes(const std::vector<int64_t>& fixed) : vector(fixed.begin(), fixed.end()) {}
  bool is_fixed() const;
  // The numbers; CompileError when one is not fixed.
  std::vector<int64_t> fixed() const { return {begin(), end()}; }
  friend bool operator==(const Sizes& a, const Sizes& b) {
    return static_cast<const std::vector<SymInt>&>(a) == static_cast<const std::vector<SymInt>&>(b);
  }
};

}  // namespace etc::compile
