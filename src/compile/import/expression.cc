// A reader of srepr; see expression.h.
#include "import/expression.h"

#include <cctype>
#include <charconv>
#include <cstdlib>
#include <map>

#include "ir/error.h"

namespace etc::compile {
namespace {

// A number on the way: a real, or an integer over a divisor. Sympy writes halves as Mul(Rational(1, 2), n) and quotients as
// Mul(a, Pow(b, Integer(-1))); in sizes the divisor always comes out in the end.
struct Number {
  SymRef real;
  SymInt integer = 0, divisor = 1;
};

class Unknown {};  // a symbol that nothing has defined yet

class Reader {
 public:
  Reader(std::string_view text, const SymbolSource& symbol, const RealFunction& function) : text_(text), symbol_(symbol), function_(function) {}

  SymRef read() {
    const Number n = expression();
    skip_space();
    if (at_ != text_.size()) fail("an end");
    return node(n);
  }

 private:
  [[noreturn]] void fail(const std::string& wanted) const {
    throw CompileError("the expression " + std::string(text_) + ": expected " + wanted + " at character " + std::to_string(at_ + 1));
  }
  [[noreturn]] void unsupported(const std::string& name) const {
    throw CompileError("the expression " + std::string(text_) + ": " + name + " is not supported; compute it in another way in the model");
  }
  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("'") + c + "'");
  }
  std::string word() {
    skip_space();
    const size_t start = at_;
    if (at_ < text_.size() && text_[at_] == '-') ++at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_' || text_[at_] == '.')) ++at_;
    if (start == at_) fail("a word");
    return std::string(text_.substr(start, at_ - start));
  }
  std::string quoted() {
    expect('\'');
    const size_t end = text_.find('\'', at_);
    if (end == text_.npos) fail("a closing quote");
    const std::string inner(text_.substr(at_, end - at_));
    at_ = end + 1;
    return inner;
  }

  static Number integer(SymInt n) { return {nullptr, std::move(n), 1}; }
  static Number real(SymRef r) { return {std::move(r), 0, 1}; }
  static SymRef node(const Number& n) {
    if (n.real) return n.real;
    if (n.divisor == 1) return n.integer.node();
    if (const std::optional<SymInt> exact = exact_quotient(n.integer, n.divisor)) return exact->node();
    return floor_div(n.integer, n.divisor).node();
  }
  static SymInt whole(const Number& n) { return SymInt(node(n)); }
  static SymRef as_real(const Number& n) { return n.real ? n.real : sym_apply(SymOp::ToReal, {node(n)}); }

  Number expression() {
    if (++depth_ > kMaxDepth) fail("fewer levels");
    const std::string name = word();
    Number result;
    if (name == "true") {
      result = integer(1);
    } else if (name == "false") {
      result = integer(0);
    } else if (name == "int_oo" || name == "oo") {
      result = integer(kNoUpper);
    } else if (name == "-int_oo" || name == "-oo") {
      result = integer(-kNoUpper);
    } else {
      expect('(');
      result = call(name);
    }
    --depth_;
    return result;
  }

  Number call(const std::string& name) {
    if (name == "Symbol") return symbol();
    if (name == "Integer") {
      const Number n = integer(plain_integer());
      expect(')');
      return n;
    }
    if (name == "Rational") {
      const int64_t p = plain_integer();
      expect(',');
      const int64_t q = plain_integer();
      expect(')');
      return {nullptr, p, q};
    }
    if (name == "Float") return floating();
    if (name == "Piecewise") return piecewise();
    std::vector<Number> args;
    if (!accept(')')) {
      do args.push_back(expression());
      while (accept(','));
      expect(')');
    }
    return apply(name, args);
  }

  int64_t plain_integer() {
    const std::string digits = word();
    int64_t n = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), n).ptr != digits.data() + digits.size()) fail("an integer");
    return n;
  }
  Number floating() {
    const std::string digits = quoted();
    while (!accept(')')) ++at_;  // precision=53
    return real(sym_real(std::strtod(digits.c_str(), nullptr)));
  }
  Number symbol() {
    const std::string name = quoted();
    bool is_integer = false;
    while (!accept(')')) {
      if (at_ >= text_.size()) fail("')'");
      expect(',');
      const std::string property = word();
      expect('=');
      if (word() == "True" && property == "integer") is_integer = true;
    }
    // Unbacked symbols have their kind in the name too; files leave out the assumption.
    if (name[0] == 's' || name[0] == 'u') is_integer = true;
    SymRef s = symbol_(name, is_integer);
    if (!s) throw Unknown();
    return s->is_real ? real(std::move(s)) : integer(SymInt(s));
  }
  // Piecewise(ExprCondPair(value, condition), …): the first whose condition holds.
  Number piecewise() {
    std::vector<std::pair<Number, SymInt>> cases;
    do {
      if (word() != "ExprCondPair") fail("ExprCondPair");
      expect('(');
      Number value = expression();
      expect(',');
      SymInt condition = whole(expression());
      expect(')');
      cases.emplace_back(std::move(value), std::move(condition));
    } while (accept(','));
    expect(')');
    Number result = cases.back().first;
    for (size_t i = cases.size() - 1; i-- > 0;) result = select(cases[i].first, result, cases[i].second);
    return result;
  }
  static Number select(const Number& a, const Number& b, const SymInt& condition) {
    const bool is_real = a.real || b.real;
    const SymRef x = is_real ? as_real(a) : node(a), y = is_real ? as_real(b) : node(b);
    const SymRef chosen = sym_apply(SymOp::Select, {x, y, condition.node()});
    return is_real ? real(chosen) : integer(SymInt(chosen));
  }

  static Number add(const Number& a, const Number& b) {
    if (a.real || b.real) return real(sym_apply(SymOp::RealAdd, {as_real(a), as_real(b)}));
    if (a.divisor == b.divisor) return {nullptr, a.integer + b.integer, a.divisor};
    return {nullptr, a.integer * b.divisor + b.integer * a.divisor, a.divisor * b.divisor};
  }
  static Number multiply(const Number& a, const Number& b) {
    if (a.real || b.real) return real(sym_apply(SymOp::RealMul, {as_real(a), as_real(b)}));
    return {nullptr, a.integer * b.integer, a.divisor * b.divisor};
  }
  Number power(const Number& base, const Number& exponent) {
    if (!base.real && !exponent.real) {
      const SymInt e = whole(exponent);
      if (e.is_fixed() && e >= 0 && e <= 8) {
        Number result = integer(1);
        for (int64_t i = 0; i < e; ++i) result = multiply(result, base);
        return result;
      }
      if (e == -1) return {nullptr, base.divisor, base.integer};
      return integer(SymInt(sym_apply(SymOp::Pow, {node(base), e.node()})));
    }
    return real(function_("pow", {as_real(base), as_real(exponent)}));
  }
  Number compare(const Number& a, const Number& b, SymOp op) {
    if (a.real || b.real) {
      const SymOp with_reals = op == SymOp::Equal ? SymOp::RealEqual : op == SymOp::Less ? SymOp::RealLess : SymOp::RealLessEqual;
      return integer(SymInt(sym_apply(with_reals, {as_real(a), as_real(b)})));
    }
    const SymInt x = whole(a), y = whole(b);
    return integer(op == SymOp::Equal ? sym_equal(x, y) : op == SymOp::Less ? sym_less(x, y) : sym_less_equal(x, y));
  }
  static Number negated(const Number& condition) { return integer(SymInt(sym_apply(SymOp::Not, {node(condition)}))); }

  template <class F>
  Number folded(const std::string& name, const std::vector<Number>& args, F f) {
    if (args.empty()) fail("arguments of " + name);
    Number result = args[0];
    for (size_t i = 1; i < args.size(); ++i) result = f(result, args[i]);
    return result;
  }

  Number apply(const std::string& name, const std::vector<Number>& a) {
    if (name == "Add") return folded(name, a, add);
    if (name == "Mul") return folded(name, a, multiply);
    if (name == "Max" || name == "Min") {
      return folded(name, a, [&](const Number& x, const Number& y) {
        if (x.real || y.real) return select(x, y, whole(name == "Max" ? compare(y, x, SymOp::Less) : compare(x, y, SymOp::Less)));
        return integer(name == "Max" ? sym_max(whole(x), whole(y)) : sym_min(whole(x), whole(y)));
      });
    }
    if (name == "And" || name == "Or") {
      return folded(name, a, [&](const Number& x, const Number& y) {
        return integer(SymInt(sym_apply(name == "And" ? SymOp::And : SymOp::Or, {node(x), node(y)})));
      });
    }
    if (a.size() == 3) return apply3(name, a);
    if (a.size() == 2) return apply2(name, a[0], a[1]);
    if (a.size() == 1) return apply1(name, a[0]);
    unsupported(name);
  }

  Number apply3(const std::string& name, const std::vector<Number>& a) {
    if (name == "Where") return select(a[1], a[2], whole(a[0]));
    if (name == "ModularIndexing") return integer(floor_mod(floor_div(whole(a[0]), whole(a[1])), whole(a[2])));
    unsupported(name);
  }

  Number apply2(const std::string& name, const Number& a, const Number& b) {
    if (name == "FloorDiv" || name == "CleanDiv") return integer(floor_div(whole(a), whole(b)));
    if (name == "CeilDiv") return integer(-floor_div(-whole(a), whole(b)));
    if (name == "Mod" || name == "PythonMod") return integer(floor_mod(whole(a), whole(b)));
    if (name == "Pow" || name == "PowByNatural") return power(a, b);
    if (name == "FloatPow") return real(function_("pow", {as_real(a), as_real(b)}));
    if (name == "IntTrueDiv" || name == "FloatTrueDiv") return real(sym_apply(SymOp::RealDiv, {as_real(a), as_real(b)}));
    if (name == "Equality") return compare(a, b, SymOp::Equal);
    if (name == "Unequality") return negated(compare(a, b, SymOp::Equal));
    if (name == "StrictLessThan") return compare(a, b, SymOp::Less);
    if (name == "LessThan") return compare(a, b, SymOp::LessEqual);
    if (name == "StrictGreaterThan") return compare(b, a, SymOp::Less);
    if (name == "GreaterThan") return compare(b, a, SymOp::LessEqual);
    static const std::map<std::string, SymOp> kBits = {{"LShift", SymOp::Shl},
                                                       {"RShift", SymOp::Shr},
                                                       {"BitwiseFn_bitwise_and", SymOp::And},
                                                       {"BitwiseFn_bitwise_or", SymOp::Or},
                                                       {"BitwiseFn_bitwise_xor", SymOp::Xor}};
    if (auto it = kBits.find(name); it != kBits.end()) return integer(SymInt(sym_apply(it->second, {node(a), node(b)})));
    unsupported(name);
  }

  Number apply1(const std::string& name, const Number& a) {
    if (name == "Identity") return a;
    if (name == "Not") return negated(a);
    if (name == "ToFloat") return real(as_real(a));
    static const std::map<std::string, SymOp> kRoundings = {
        {"TruncToInt", SymOp::Trunc}, {"FloorToInt", SymOp::Floor}, {"CeilToInt", SymOp::Ceil}, {"RoundToInt", SymOp::Round}};
    if (auto it = kRoundings.find(name); it != kRoundings.end())
      return a.real ? integer(SymInt(sym_apply(it->second, {a.real}))) : integer(whole(a));
    constexpr std::string_view kOpaque = "OpaqueUnaryFn_";
    if (name.rfind(kOpaque, 0) == 0) return real(function_(name.substr(kOpaque.size()), {as_real(a)}));
    unsupported(name);
  }

  static constexpr int kMaxDepth = 200;
  std::string_view text_;
  const SymbolSource& symbol_;
  const RealFunction& function_;
  size_t at_ = 0;
  int depth_ = 0;

 public:
  using Undefined = Unknown;
};

}  // namespace

SymRef parse_expression(std::string_view text, const SymbolSource& symbol, const RealFunction& function) {
  try {
    return Reader(text, symbol, function).read();
  } catch (const Unknown&) {
    return nullptr;
  }
}

}  // namespace etc::compile
