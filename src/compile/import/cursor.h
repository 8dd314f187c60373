// A position in a JSON document that knows how it got there, so that an error can name the place. Missing keys and null are the same;
// what is there but of the wrong type is a CompileError.
#pragma once

#include <simdjson.h>

#include <cmath>
#include <string>
#include <string_view>

#include "ir/error.h"

namespace etc::compile {

class Cursor {
 public:
  Cursor(simdjson::dom::element element, const std::string& document) : element_(element), document_(&document) {}

  [[noreturn]] void fail(const std::string& what) const { throw CompileError(where() + ": " + what); }
  std::string where() const {
    if (!parent_) return *document_;
    const std::string before = parent_->where() + (parent_->parent_ ? "" : ": ");
    if (key_.data()) return before + (parent_->parent_ && !before.empty() ? "." : "") + std::string(key_.substr(0, 80));
    return before + "[" + std::to_string(index_) + "]";
  }

  bool is_null() const { return element_.is_null(); }
  bool is_string() const { return element_.is_string(); }
  bool is_object() const { return element_.is_object(); }

  bool boolean() const { return get<bool>("true or false"); }
  std::string_view text() const { return get<std::string_view>("a string"); }
  int64_t integer() const { return get<int64_t>("an integer of 64 bits"); }
  // A float may be written as a string: "Infinity", "-Infinity", "NaN".
  double real() const {
    if (!is_string()) return get<double>("a number");
    const std::string_view t = text();
    if (t == "Infinity") return HUGE_VAL;
    if (t == "-Infinity") return -HUGE_VAL;
    if (t == "NaN") return NAN;
    fail("expected a number, \"Infinity\", \"-Infinity\" or \"NaN\"");
  }

  // Calls f(child) for the value of `key`, if there is one. A child lives only during the call.
  template <class F>
  bool with(std::string_view key, F f) const {
    simdjson::dom::element found;
    if (get<simdjson::dom::object>("an object")[key].get(found) || found.is_null()) return false;
    f(Cursor(found, this, key, 0));
    return true;
  }
  // Calls f(child) for each element.
  template <class F>
  void each(F f) const {
    size_t i = 0;
    for (simdjson::dom::element element : get<simdjson::dom::array>("a list")) f(Cursor(element, this, {}, i++));
  }
  size_t size() const { return get<simdjson::dom::array>("a list").size(); }
  // Calls f(key, child) for each field.
  template <class F>
  void each_field(F f) const {
    for (const auto& [key, value] : get<simdjson::dom::object>("an object")) f(key, Cursor(value, this, key, 0));
  }
  // A union is an object of exactly one field, the tag. Calls f(tag, child).
  template <class F>
  void tag(F f) const {
    const auto object = get<simdjson::dom::object>("a tagged value");
    if (object.size() != 1) fail("expected an object with one key");
    const auto field = *object.begin();
    f(field.key, Cursor(field.value, this, field.key, 0));
  }

  std::string text_at(std::string_view key) const {
    std::string value;
    with(key, [&](const Cursor& c) { value = c.text(); });
    return value;
  }
  int64_t integer_at(std::string_view key, int64_t otherwise = 0) const {
    with(key, [&](const Cursor& c) { otherwise = c.integer(); });
    return otherwise;
  }
  bool boolean_at(std::string_view key, bool otherwise = false) const {
    with(key, [&](const Cursor& c) { otherwise = c.boolean(); });
    return otherwise;
  }

 private:
  Cursor(simdjson::dom::element element, const Cursor* parent, std::string_view key, size_t index)
      : element_(element), parent_(parent), key_(key), index_(index), document_(parent->document_) {}

  template <class T>
  T get(const char* expected) const {
    T value;
    if (element_.get(value)) fail(std::string("expected ") + expected);
    return value;
  }

  simdjson::dom::element element_;
  const Cursor* parent_ = nullptr;
  std::string_view key_;
  size_t index_ = 0;
  const std::string* document_;
};

// Parses `text` and calls f(root). `document` names it in errors. Nesting deeper than simdjson's 1024 is refused.
template <class F>
void parse_json(std::string text, const std::string& document, F f) {
  simdjson::dom::parser parser;
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  simdjson::dom::element root;
  if (const auto error = parser.parse(text.data(), text.size(), false).get(root))
    throw CompileError(document + ": not valid JSON (" + simdjson::error_message(error) +
                       "); the file is damaged or not from torch.export.save");
  f(Cursor(root, document));
}

}  // namespace etc::compile
