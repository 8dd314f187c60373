// A reader of the Python that guards are written in; see guards.h.
#include "import/guards.h"

#include <cctype>
#include <charconv>
#include <vector>

#include "ir/error.h"

namespace etc::compile {
namespace {

class Unreadable {};

class Reader {
 public:
  Reader(std::string_view text, const InputSize& size) : text_(text), size_(size) {}

  // Empty: true of what can be compiled anyway.
  std::optional<SymInt> condition() {
    std::optional<SymInt> result = disjunction();
    if (peek() != '\0') throw Unreadable();
    return result;
  }

 private:
  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(std::string_view token) {
    peek();
    if (text_.substr(at_, token.size()) != token) return false;
    const char next = at_ + token.size() < text_.size() ? text_[at_ + token.size()] : '\0';
    if (std::isalpha(static_cast<unsigned char>(token[0])) && (std::isalnum(static_cast<unsigned char>(next)) || next == '_')) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) throw Unreadable();
  }

  std::optional<SymInt> disjunction() {
    std::optional<SymInt> left = conjunction();
    while (accept("or")) {
      const std::optional<SymInt> right = conjunction();
      left = left && right ? std::optional<SymInt>(SymInt(sym_apply(SymOp::Or, {left->node(), right->node()}))) : std::nullopt;
    }
    return left;
  }
  std::optional<SymInt> conjunction() {
    std::optional<SymInt> left = comparison();
    while (accept("and")) {
      const std::optional<SymInt> right = comparison();
      left = !left ? right : !right ? left : std::optional<SymInt>(SymInt(sym_apply(SymOp::And, {left->node(), right->node()})));
    }
    return left;
  }
  std::optional<SymInt> comparison() {
    const SymInt a = sum();
    if (accept("!=")) return sum(), std::nullopt;
    if (accept("==")) return sym_equal(a, sum());
    if (accept("<=")) return sym_less_equal(a, sum());
    if (accept(">=")) {
      const SymInt b = sum();
      return b == 2 ? std::nullopt : std::optional<SymInt>(sym_less_equal(b, a));
    }
    if (accept("<")) return sym_less(a, sum());
    if (accept(">")) {
      const SymInt b = sum();
      return b == 1 ? std::nullopt : std::optional<SymInt>(sym_less(b, a));
    }
    throw Unreadable();
  }
  SymInt sum() {
    SymInt left = product();
    for (;;) {
      if (accept("+"))
        left += product();
      else if (accept("-"))
        left -= product();
      else
        return left;
    }
  }
  SymInt product() {
    SymInt left = factor();
    for (;;) {
      if (accept("//"))
        left = floor_div(left, factor());
      else if (accept("%"))
        left = floor_mod(left, factor());
      else if (peek() == '*' && text_.substr(at_, 2) != "**" && accept("*"))
        left *= factor();
      else
        return left;
    }
  }
  SymInt factor() {
    if (accept("-")) return -factor();
    if (accept("(")) {
      SymInt inner = sum();
      expect(")");
      return inner;
    }
    if (std::isdigit(static_cast<unsigned char>(peek()))) return number();
    if (peek() == 'L') return input();
    const bool is_max = accept("max");
    if (!is_max) expect("min");
    expect("(");
    SymInt result = sum();
    while (accept(",")) result = is_max ? sym_max(result, sum()) : sym_min(result, sum());
    expect(")");
    return result;
  }
  SymInt number() {
    int64_t n = 0;
    const char* end = text_.data() + text_.size();
    const auto [next, error] = std::from_chars(text_.data() + at_, end, n);
    if (error != std::errc() || (next != end && *next == '.')) throw Unreadable();
    at_ = static_cast<size_t>(next - text_.data());
    return n;
  }
  // L['a'][0]['b'].size()[1]: the input a.0.b along axis 1.
  SymInt input() {
    expect("L");
    std::string name;
    while (accept("[")) {
      std::string part;
      const bool is_quoted = accept("'");
      while (at_ < text_.size() && text_[at_] != '\'' && text_[at_] != ']') part += text_[at_++];
      if (is_quoted) expect("'");
      expect("]");
      name += (name.empty() ? "" : ".") + part;
    }
    int64_t axis = -1;
    if (accept(".size()")) {
      expect("[");
      axis = number();
      expect("]");
    }
    if (std::optional<SymInt> size = size_(name, axis)) return *size;
    throw Unreadable();
  }

  std::string_view text_;
  const InputSize& size_;
  size_t at_ = 0;
};

}  // namespace

std::optional<SymInt> parse_guard(std::string_view text, const InputSize& size) {
  try {
    return Reader(text, size).condition();
  } catch (const Unreadable&) {
    return std::nullopt;
  } catch (const CompileError&) {  // arithmetic that does not come out
    return std::nullopt;
  }
}

std::optional<Divisibility> parse_divisibility(std::string_view text) {
  // With one symbol for every size, the condition reads mod(symbol, divisor) == 0, or symbol == divisor * (symbol // divisor).
  std::vector<std::pair<std::string, int64_t>> sizes;
  const InputSize record = [&](const std::string& input, int64_t axis) -> std::optional<SymInt> {
    sizes.emplace_back(input, axis);
    return SymInt(std::make_shared<const Symbol>(Symbol{input + "." + std::to_string(axis), 1, kNoUpper}));
  };
  const std::optional<SymInt> condition = parse_guard(text, record);
  if (!condition || condition->is_fixed() || sizes.empty() || sizes[0].second < 0) return std::nullopt;
  const SymRef n = condition->node();
  if (n->op != SymOp::Equal) return std::nullopt;
  for (const SymRef& side : n->args) {
    const SymRef& other = side == n->args[0] ? n->args[1] : n->args[0];
    const bool is_zero = other->op == SymOp::Integer && other->integer == 0;
    const SymRef divided = side->op == SymOp::Mod && is_zero ? side : nullptr;
    if (divided && divided->args[0]->op == SymOp::Symbol && divided->args[1]->op == SymOp::Integer)
      return Divisibility{sizes[0].first, sizes[0].second, divided->args[1]->integer};
    if (side->op == SymOp::Product && side->args.size() == 1 && side->args[0]->op == SymOp::FloorDiv && other->op == SymOp::Symbol) {
      const SymRef& quotient = side->args[0];
      if (quotient->args[0]->text == other->text && quotient->args[1]->op == SymOp::Integer && quotient->args[1]->integer == side->integer)
        return Divisibility{sizes[0].first, sizes[0].second, side->integer};
    }
  }
  return std::nullopt;
}

}  // namespace etc::compile
