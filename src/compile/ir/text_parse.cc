// Reads the text form of a graph back; ir/text.cc describes it.
#include <algorithm>
#include <charconv>
#include <limits>
#include <unordered_map>
#include <utility>

#include "ir/element_text.h"
#include "ir/error.h"
#include "ir/text.h"

namespace etc::compile {
namespace {

bool is_word_char(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Graph parse() {
    expect_word("graph");
    graph_.name = word();
    expect('{');
    while (!accept('}')) statement();
    skip_space();
    if (at_ != text_.size()) fail("text after the graph's end");
    return std::move(graph_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at_ && i < text_.size(); ++i) text_[i] == '\n' ? (++line, column = 1) : ++column;
    throw CompileError("graph text, line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what);
  }

  // --- tokens ---

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      if (peek() == '#') {
        while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
      } else if (!(peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) {
        return;
      }
    }
  }
  bool accept(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("expected '") + c + "'");
  }
  // The plain word here, empty if there is none. `also` lists more characters that it may have.
  std::string_view plain_word(std::string_view also = {}) {
    const size_t start = at_;
    while (is_word_char(peek()) || (peek() && also.find(peek()) != also.npos)) ++at_;
    return text_.substr(start, at_ - start);
  }
  bool accept_word(std::string_view expected) {
    skip_space();
    const size_t start = at_;
    if (plain_word() == expected) return true;
    at_ = start;
    return false;
  }
  void expect_word(std::string_view expected) {
    if (!accept_word(expected)) fail("expected \"" + std::string(expected) + "\"");
  }
  std::string word(std::string_view also = {}) {
    skip_space();
    if (peek() == '"') return quoted();
    const std::string_view w = plain_word(also);
    if (w.empty()) fail("expected a word");
    return std::string(w);
  }
  std::string quoted() {
    expect('"');
    std::string out;
    for (; peek() != '"'; ++at_) {
      if (at_ >= text_.size()) fail("a string without an end");
      if (peek() != '\\') {
        out += peek();
        continue;
      }
      ++at_;
      if (peek() != 'x') {
        out += peek();
        continue;
      }
      int code = 0;
      const std::string_view hex = text_.substr(at_ + 1, 2);
      if (hex.size() != 2 || std::from_chars(hex.data(), hex.data() + 2, code, 16).ptr != hex.data() + 2) fail("expected two hex digits");
      out += static_cast<char>(code);
      at_ += 2;
    }
    ++at_;
    return out;
  }
  int64_t integer() {
    skip_space();
    int64_t n = 0;
    const std::string_view digits = plain_word("-");
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) fail("expected an integer");
    return n;
  }

  // --- expressions over symbols, as sym.cc writes them ---

  SymRef expression() {
    SymRef left = product();
    for (;;) {
      if (peek() == '+')
        ++at_, left = (SymInt(left) + SymInt(product())).node();
      else if (peek() == '-')
        ++at_, left = (SymInt(left) - SymInt(product())).node();
      else
        return left;
    }
  }
  SymRef product() {
    SymRef left = factor();
    for (;;) {
      if (text_.substr(at_, 2) == "//")
        at_ += 2, left = floor_div(SymInt(left), SymInt(factor())).node();
      else if (peek() == '*')
        ++at_, left = (SymInt(left) * SymInt(factor())).node();
      else
        return left;
    }
  }
  SymRef factor() {
    if (peek() == '-') {
      ++at_;
      const SymRef n = factor();
      return n->is_real ? sym_real(-n->real) : (-SymInt(n)).node();
    }
    if (peek() == '(') {
      ++at_;
      SymRef inner = expression();
      if (peek() != ')') fail("expected ')'");
      ++at_;
      return inner;
    }
    const std::string_view w = plain_word();
    if (w.empty()) fail("expected a number or a symbol");
    if (w[0] >= '0' && w[0] <= '9') return plain_number(w);
    if (peek() == '(') return function(std::string(w));
    const auto symbol = graph_.symbols.find(std::string(w));
    if (symbol == graph_.symbols.end()) fail("no symbol is called " + std::string(w));
    return sym_symbol(symbol->second);
  }
  SymRef plain_number(std::string_view w) {
    int64_t n = 0;
    const char* end = w.data() + w.size();
    if (w.find_first_of(".en") == w.npos) {
      if (std::from_chars(w.data(), end, n).ptr != end) fail("expected a number");
      return SymInt(n).node();
    }
    if (w.back() == 'e' && (peek() == '-' || peek() == '+')) {  // 1e-05
      ++at_;
      w = std::string_view(w.data(), w.size() + 1 + plain_word().size());
      end = w.data() + w.size();
    }
    double d = 0;
    if (std::from_chars(w.data(), end, d).ptr != end) fail("expected a number");
    return sym_real(d);
  }
  SymRef function(const std::string& name) {
    std::vector<SymRef> args;
    expect('(');
    do skip_space(), args.push_back(expression());
    while (accept(','));
    expect(')');
    const std::optional<SymOp> op = sym_function(name, args.size());
    if (!op) fail("no function of " + std::to_string(args.size()) + " numbers is called " + name);
    return sym_apply(*op, std::move(args));
  }
  SymInt sym() {
    skip_space();
    const SymRef n = expression();
    if (n->is_real) fail("expected an integer");
    return SymInt(n);
  }
  void symbol() {
    const std::string name = word();
    if (graph_.symbols.count(name)) fail("the symbol " + name + " is there already");
    if (accept_word("real")) {
      graph_.add_symbol(name, 0, 0, true);
      return;
    }
    expect_word("in");
    expect('[');
    skip_space();
    const int64_t lower = peek() == ',' ? kNoLower : integer();
    expect(',');
    skip_space();
    const int64_t upper = peek() == ']' ? kNoUpper : integer();
    expect(']');
    graph_.add_symbol(name, lower, upper);
  }

  // --- types, values, constants ---

  Sizes numbers(char open, char close) {
    Sizes list;
    expect(open);
    if (accept(close)) return list;
    do list.push_back(sym());
    while (accept(','));
    expect(close);
    return list;
  }
  TensorType type() {
    const std::string name = word();
    uint32_t t = 0;
    while (t < kDTypeCount && name != name_of(static_cast<DType>(t))) ++t;
    if (t == kDTypeCount) fail("no dtype is called " + name);
    Sizes sizes = numbers('[', ']');
    for (const SymInt& s : sizes)
      if (s.is_fixed() && s < 0) fail("a size is negative");
    skip_space();
    if (peek() != '{') return TensorType(static_cast<DType>(t), std::move(sizes));
    Sizes strides = numbers('{', '}');
    if (strides.size() != sizes.size()) fail("as many strides as sizes are wanted");
    return TensorType(static_cast<DType>(t), std::move(sizes), std::move(strides));
  }
  std::string new_name() {
    expect('%');
    std::string name = peek() == '"' ? quoted() : word();
    if (values_.count(name)) fail("%" + name + " is there already");
    return name;
  }
  Value* value() {
    expect('%');
    const std::string name = peek() == '"' ? quoted() : word();
    const auto it = values_.find(name);
    if (it == values_.end()) fail("no value is called %" + name + " up to here");
    return it->second;
  }

  ConstantData data(const TensorType& type) {
    expect('=');
    std::vector<std::byte> bytes(static_cast<size_t>(type.bytes()));
    const size_t width = size_in_bytes(type.dtype);
    if (accept_word("hash")) {
      word();
      return ConstantData::copy_of(bytes.data(), bytes.size());
    }
    const bool splat = accept_word("splat");
    for (size_t at = 0; at < bytes.size(); at += width) {
      if (splat && at > 0) {
        std::copy_n(bytes.data(), width, bytes.data() + at);
        continue;
      }
      skip_space();
      if (!parse_element(type.dtype, plain_word("+-"), bytes.data() + at))
        fail(std::string("expected an element of ") + name_of(type.dtype));
    }
    return ConstantData::copy_of(bytes.data(), bytes.size());
  }

  // --- arguments ---

  bool is_number_start() const { return peek() == '-' || (peek() >= '0' && peek() <= '9'); }
  // An integer, or a real when it has a point, an exponent or is inf or nan.
  Argument number() {
    skip_space();
    const std::string_view digits = plain_word("+-");
    const char* end = digits.data() + digits.size();
    if (digits.find_first_of(".en") == digits.npos) {
      int64_t n = 0;
      const auto result = std::from_chars(digits.data(), end, n);
      if (digits.empty() || result.ec != std::errc() || result.ptr != end) fail("expected a number");
      return n;
    }
    double d = 0;
    const auto result = std::from_chars(digits.data(), end, d);
    if (result.ec != std::errc() || result.ptr != end) fail("expected a number");
    return d;
  }
  Argument argument() {
    skip_space();
    if (peek() == '%') return value();
    if (peek() == '"') return quoted();
    if (peek() == '[') return list();
    const size_t start = at_;
    if (is_number_start() || peek() == '(') {
      const bool plain = peek() != '(' && is_plain_number();
      at_ = start;
      return plain ? number() : computed();
    }
    const std::string_view w = plain_word();
    if (w == "none") return None();
    if (w == "true") return true;
    if (w == "false") return false;
    if (w == "inf") return std::numeric_limits<double>::infinity();
    if (w == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (w == "tensors" && accept('[')) return expect(']'), Values();
    if (w == "reals" && accept('[')) return expect(']'), std::vector<double>();
    if (w == "bools" && accept('[')) return expect(']'), std::vector<bool>();
    at_ = start;
    if (graph_.symbols.count(std::string(w)) || peek() == '(' || text_.substr(at_ + w.size(), 1) == "(") return computed();
    fail("expected an argument");
  }
  // Whether a number stands alone here, not as the first of an expression.
  bool is_plain_number() {
    const std::string_view digits = plain_word("+-");
    double d = 0;
    const char* end = digits.data() + digits.size();
    return std::from_chars(digits.data(), end, d).ptr == end && peek() != '*' && peek() != '/';
  }
  Argument computed() {
    const SymRef n = expression();
    if (n->is_real) return SymReal(n);
    return SymInt(n);
  }
  Argument list() {
    std::vector<Argument> elements;
    expect('[');
    if (accept(']')) return std::vector<int64_t>();
    do elements.push_back(argument());
    while (accept(','));
    expect(']');
    auto all = [&]<class T>(std::vector<T> out) -> Argument {
      for (const Argument& e : elements) {
        if (auto* element = std::get_if<T>(&e)) {
          out.push_back(*element);
        } else if constexpr (std::is_same_v<T, Value*>) {
          if (!std::holds_alternative<None>(e)) fail("the list has elements of different kinds");
          out.push_back(nullptr);
        } else {
          fail("the list has elements of different kinds");
        }
      }
      return out;
    };
    if (std::any_of(elements.begin(), elements.end(), [](const Argument& e) { return std::holds_alternative<SymInt>(e); })) {
      Sizes sizes;
      for (const Argument& e : elements) {
        if (!is_int(e)) fail("the list has elements of different kinds");
        sizes.push_back(sym_of(e));
      }
      return sizes;
    }
    if (std::holds_alternative<int64_t>(elements[0])) return all(std::vector<int64_t>());
    if (std::holds_alternative<double>(elements[0])) return all(std::vector<double>());
    if (std::holds_alternative<bool>(elements[0])) return all(std::vector<bool>());
    return all(Values());
  }

  // --- statements ---

  void statement() {
    if (accept_word("symbol")) return symbol();
    if (accept_word("input")) return declare(Value::Kind::Input);
    if (accept_word("state")) return declare(Value::Kind::State);
    if (accept_word("const")) return declare(Value::Kind::Constant);
    if (accept_word("output")) return output();
    node();
  }
  void declare(Value::Kind kind) {
    const std::string name = new_name();
    expect(':');
    TensorType t = type();
    skip_space();
    std::string label = peek() == '"' ? quoted() : name;
    Value* v = kind == Value::Kind::Input   ? graph_.add_input(name, t)
               : kind == Value::Kind::State ? graph_.add_state(name, t, data(t))
                                            : graph_.add_constant(name, t, data(t));
    v->label = std::move(label);
    values_[name] = v;
  }
  void output() {
    Output o;
    if (accept_word("state"))
      o.kind = Output::Kind::State, o.target = value();
    else if (accept_word("input"))
      o.kind = Output::Kind::Input, o.target = value();
    skip_space();
    if (peek() == '"') o.name = quoted();
    expect('=');
    o.value = value();
    graph_.outputs.push_back(std::move(o));
  }
  void node() {
    std::vector<std::string> names;
    std::vector<TensorType> types;
    auto result = [&] {
      names.push_back(new_name());
      expect(':');
      types.push_back(type());
    };
    if (!accept('(')) {
      result();
    } else if (!accept(')')) {
      do result();
      while (accept(','));
      expect(')');
    }
    expect('=');
    const bool external = accept_word("extern");
    std::string op = word(":");
    std::vector<Argument> args;
    std::vector<std::string> arg_names;
    expect('(');
    if (!accept(')')) {
      do {
        if (external) {
          arg_names.push_back(word());
          expect('=');
        }
        args.push_back(argument());
      } while (accept(','));
      expect(')');
    }
    // A view's strides are its argument: equal even where the type's text leaves them out (in dimensions of one element).
    if (op == "etc::view" && types.size() == 1 && args.size() == 4)
      if (is_ints(args[2]) && syms_of(args[2]).size() == types[0].sizes.size()) types[0].strides = syms_of(args[2]);
    Node* node = graph_.add_node(std::move(op), std::move(args), types, source(), names.size() == 1 ? names[0] : std::string());
    node->external = external;
    node->arg_names = std::move(arg_names);
    for (size_t i = 0; i < names.size(); ++i) {
      graph_.rename(node->results[i], names[i]);
      values_[names[i]] = node->results[i];
    }
    while (accept('{')) node->bodies.push_back(body());
  }
  // The graph of a body, whose names are its own.
  std::unique_ptr<Graph> body() {
    Graph outer = std::exchange(graph_, Graph());
    std::unordered_map<std::string, Value*> outer_values = std::exchange(values_, {});
    graph_.symbols = outer.symbols;
    while (!accept('}')) statement();
    values_ = std::move(outer_values);
    outer.symbols = graph_.symbols;
    return std::make_unique<Graph>(std::exchange(graph_, std::move(outer)));
  }
  std::shared_ptr<const Source> source() {
    if (!accept('@')) return nullptr;
    auto s = std::make_shared<Source>();
    s->file = word("/-<>");
    expect(':');
    s->line = static_cast<uint32_t>(integer());
    s->module = word("-");
    s->node = word("-");
    return s;
  }

  std::string_view text_;
  size_t at_ = 0;
  Graph graph_;
  std::unordered_map<std::string, Value*> values_;
};

}  // namespace

Graph parse_graph(std::string_view text) { return Parser(text).parse(); }

}  // namespace etc::compile
