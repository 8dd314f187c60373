// Reads an op's schema text from left to right: parameters with their defaults, then returns. What signature_of has accepted.
#pragma once

#include "etc/op.h"

namespace etc {

// A part of a schema; not terminated.
struct SchemaPart {
  const char* begin = nullptr;
  const char* end = nullptr;
  uint32_t size() const { return static_cast<uint32_t>(end - begin); }
  bool operator==(const char* word) const { return detail::equals(begin, size(), word); }
};

struct SchemaParameter {
  SchemaPart name;
  SchemaPart default_value;  // begin is null: none
  uint32_t list_size = 0;    // int[2]: one number stands for two
  char written = 0;          // 'a' of Tensor(a!)
};

class SchemaText {
 public:
  explicit SchemaText(const char* schema) : p_(schema) {
    while (*p_ != '(') ++p_;
    ++p_;
  }

  // False, and past the parameters, after the last one.
  bool next(SchemaParameter* parameter) {
    skip(" ,*");
    if (*p_ == ')') return ++p_, skip(" ->"), false;
    *parameter = {};
    type(parameter);
    skip(" ");
    parameter->name = {p_, p_};
    while (detail::is_word(*p_)) ++p_;
    parameter->name.end = p_;
    if (*p_ != '=') return true;
    parameter->default_value = {p_ + 1, p_ + 1};
    skip_to_comma();
    parameter->default_value.end = p_;
    return true;
  }

  // After the parameters; `written` is that of the parameter that is returned, or 0.
  bool next_return(char* written) {
    skip(" ,(");
    if (*p_ == 0 || *p_ == ')') return false;
    SchemaParameter result;
    type(&result);
    *written = result.written;
    skip_to_comma();
    return true;
  }

 private:
  void skip(const char* characters) {
    for (;; ++p_) {
      const char* c = characters;
      while (*c && *c != *p_) ++c;
      if (*c == 0) return;
    }
  }
  void type(SchemaParameter* parameter) {  // alias marks may hold spaces
    char alias = 0;
    for (int depth = 0; *p_ && (depth > 0 || (*p_ != ' ' && *p_ != ',' && *p_ != ')')); ++p_) {
      if (*p_ == '(') {
        ++depth;
        alias = p_[1];
      }
      if (*p_ == ')') --depth;
      if (*p_ == '!') parameter->written = alias;
      if (*p_ >= '0' && *p_ <= '9' && depth == 0) parameter->list_size = parameter->list_size * 10 + static_cast<uint32_t>(*p_ - '0');
    }
  }
  void skip_to_comma() {
    char quote = 0;
    for (int depth = 0; *p_ && (depth > 0 || quote || (*p_ != ',' && *p_ != ')')); ++p_) {
      if (quote) {
        if (*p_ == quote) quote = 0;
      } else if (*p_ == '"' || *p_ == '\'') {
        quote = *p_;
      } else {
        depth += (*p_ == '[' || *p_ == '(') - (*p_ == ']' || *p_ == ')');
      }
    }
  }

  const char* p_;
};

}  // namespace etc
