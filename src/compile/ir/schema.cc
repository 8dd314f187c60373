// Takes PyTorch's schema notation apart. A hand-written reader: the notation is small, and every text is our own data.
#include "ir/schema.h"

#include <cctype>
#include <cstdlib>
#include <utility>

#include "ir/error.h"

namespace etc::compile {
namespace {

struct Word {
  std::string_view word;
  int64_t number;
};

// ScalarType defaults, by name or by PyTorch's number, as our DType.
constexpr Word kDTypes[] = {
    {"bool", int(DType::Bool)}, {"uint8", int(DType::U8)},    {"int8", int(DType::I8)},     {"short", int(DType::I16)},
    {"int16", int(DType::I16)}, {"int", int(DType::I32)},     {"int32", int(DType::I32)},   {"long", int(DType::I64)},
    {"int64", int(DType::I64)}, {"half", int(DType::F16)},    {"float16", int(DType::F16)}, {"bfloat16", int(DType::BF16)},
    {"float", int(DType::F32)}, {"float32", int(DType::F32)}, {"double", int(DType::F64)},  {"float64", int(DType::F64)},
    {"0", int(DType::U8)},      {"1", int(DType::I8)},        {"2", int(DType::I16)},       {"3", int(DType::I32)},
    {"4", int(DType::I64)},     {"5", int(DType::F16)},       {"6", int(DType::F32)},       {"7", int(DType::F64)},
    {"11", int(DType::Bool)},   {"15", int(DType::BF16)},
};
// Memory formats as the .pt2's JSON numbers them; a schema says "contiguous_format" or PyTorch's internal 0.
constexpr Word kMemoryFormats[] = {{"contiguous_format", 1}, {"channels_last", 2}, {"preserve_format", 4}, {"0", 1}, {"1", 4}, {"2", 2}};
constexpr Word kReductions[] = {{"None", 0}, {"Mean", 1}, {"Sum", 2}};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Schema read() {
    Schema s;
    s.name = take_until("(");
    bool keyword_only = false;
    expect("(");
    while (!accept(")")) {
      if (!s.arguments.empty() || keyword_only) expect(",");
      if (accept("*")) {
        keyword_only = true;
        continue;
      }
      s.arguments.push_back(argument());
      s.arguments.back().is_keyword_only = keyword_only;
    }
    expect("->");
    if (accept("(")) {
      while (!accept(")")) {
        if (!s.returns.empty()) expect(",");
        s.returns.push_back(type());
        if (!next_is(",") && !next_is(")")) s.returns.back().name = word();
      }
    } else {
      s.returns.push_back(type());
    }
    if (at_ != text_.size()) fail("an end");
    return s;
  }

 private:
  SchemaArgument type() {
    SchemaArgument a;
    a.type = word();
    if (accept("(")) {  // (a), (a!), (a -> *), (a|b)
      const std::string alias = take_until(")");
      expect(")");
      if (!alias.empty()) a.alias = alias[0];
      a.is_written = alias.find('!') != std::string::npos;
    }
    a.is_optional = accept("?");
    if (accept("[")) {
      a.is_list = true;
      a.has_optional_elements = a.is_optional;
      const std::string size = take_until("]");
      if (!size.empty()) a.list_size = std::atoi(size.c_str());
      expect("]");
      if (accept("(")) take_until(")"), expect(")");
      a.is_optional = accept("?");
    }
    return a;
  }

  SchemaArgument argument() {
    SchemaArgument a = type();
    a.name = word();
    if (accept("=")) a.default_value = default_of(a);
    return a;
  }

  Argument default_of(const SchemaArgument& a) {
    skip_space();
    if (next_is("\"") || next_is("'")) return quoted();
    if (accept("[")) {
      std::vector<std::string> elements;
      while (!accept("]")) {
        if (!elements.empty()) expect(",");
        elements.push_back(take_until(",]"));
      }
      return list_of(a, elements);
    }
    std::string token = take_until(",)");
    while (!token.empty() && token.back() == ' ') token.pop_back();
    if (token == "None" && a.is_optional) return None{};
    if (a.is_list) return list_of(a, std::vector<std::string>(static_cast<size_t>(a.list_size ? a.list_size : 1), token));
    return one_of(a, token);
  }

  Argument list_of(const SchemaArgument& a, const std::vector<std::string>& elements) {
    if (a.type == "float" || a.type == "Scalar") {
      std::vector<double> list;
      for (const std::string& e : elements) list.push_back(std::strtod(e.c_str(), nullptr));
      return list;
    }
    if (a.type == "bool") {
      std::vector<bool> list;
      for (const std::string& e : elements) list.push_back(e == "True");
      return list;
    }
    std::vector<int64_t> list;
    for (const std::string& e : elements) list.push_back(std::strtoll(e.c_str(), nullptr, 10));
    return list;
  }

  Argument one_of(const SchemaArgument& a, const std::string& token) {
    if (token == "True") return true;
    if (token == "False") return false;
    if (a.type == "ScalarType") return lookup(kDTypes, token);
    if (a.type == "MemoryFormat") return lookup(kMemoryFormats, token);
    const bool number = !token.empty() && (std::isdigit(static_cast<unsigned char>(token[0])) || token[0] == '-' || token[0] == '.');
    if (!number) return lookup(kReductions, token);
    if (a.type == "float" || token.find_first_of(".e") != std::string::npos) return std::strtod(token.c_str(), nullptr);
    return static_cast<int64_t>(std::strtoll(token.c_str(), nullptr, 10));
  }

  template <size_t N>
  Argument lookup(const Word (&words)[N], const std::string& token) {
    for (const Word& w : words)
      if (w.word == token) return w.number;
    fail("a default instead of '" + token + "'");
  }

  Argument quoted() {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\\' && at_ < text_.size()) {
        c = text_[at_++];
        constexpr std::string_view kCodes = "nrtfv", kChars = "\n\r\t\f\v";
        if (const size_t i = kCodes.find(c); i != std::string_view::npos) c = kChars[i];
      }
      out += c;
    }
    if (at_ == text_.size()) fail("a closing quote");
    ++at_;
    return out;
  }

  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool next_is(std::string_view token) {
    skip_space();
    return text_.substr(at_, token.size()) == token;
  }
  bool accept(std::string_view token) {
    if (!next_is(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail("'" + std::string(token) + "'");
  }
  std::string word() {
    skip_space();
    const size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
    if (start == at_) fail("a word");
    return std::string(text_.substr(start, at_ - start));
  }
  std::string take_until(const char* stops) {
    skip_space();
    const size_t end = text_.find_first_of(stops, at_);
    if (end == std::string_view::npos) fail(std::string("one of '") + stops + "'");
    std::string taken(text_.substr(at_, end - at_));
    at_ = end;
    return taken;
  }
  [[noreturn]] void fail(const std::string& wanted) const {
    throw InternalError("schema '" + std::string(text_) + "' at column " + std::to_string(at_ + 1) + ": expected " + wanted);
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

int Schema::find(std::string_view argument) const {
  for (size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].name == argument) return static_cast<int>(i);
  return -1;
}

Schema parse_schema(std::string_view text) { return Reader(text).read(); }

}  // namespace etc::compile
