// The arguments of a decomposition, typed.
#include <cstdio>

#include "ir/builder.h"
#include "ir/views.h"

namespace etc::compile {
namespace {

[[noreturn]] void refuse(const Call& call, size_t i, const char* wanted) {
  throw InternalError(call.schema.name + ": argument " + std::to_string(i) + " is " + to_string(call.args.at(i)) + ", not " + wanted);
}

struct Text {
  std::string operator()(const None&) const { return "None"; }
  std::string operator()(Value* v) const { return v ? to_string(v->type) : "None"; }
  std::string operator()(bool b) const { return b ? "True" : "False"; }
  std::string operator()(int64_t n) const { return std::to_string(n); }
  std::string operator()(const SymInt& n) const { return to_string(n); }
  std::string operator()(const SymReal& r) const { return to_string(r); }
  std::string operator()(const Sizes& list) const { return to_string(list); }
  std::string operator()(double d) const {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", d);
    return text;
  }
  std::string operator()(const std::string& s) const { return '"' + s + '"'; }
  template <class T>
  std::string operator()(const std::vector<T>& list) const {
    std::string s = "[";
    for (size_t i = 0; i < list.size(); ++i) s += (i ? ", " : "") + (*this)(static_cast<T>(list[i]));
    return s + "]";
  }
};

}  // namespace

Value* Call::tensor(size_t i) const {
  if (auto* v = std::get_if<Value*>(&args.at(i))) return *v;
  refuse(*this, i, "a tensor");
}

Value* Call::tensor_or_null(size_t i) const { return has(i) ? tensor(i) : nullptr; }

int64_t Call::integer(size_t i) const {
  if (auto* n = std::get_if<SymInt>(&args.at(i))) return *n;  // throws: it is not fixed
  if (auto* n = std::get_if<int64_t>(&args.at(i))) return *n;
  if (auto* b = std::get_if<bool>(&args.at(i))) return *b;
  refuse(*this, i, "an integer");
}

SymInt Call::sym(size_t i) const { return is_int(args.at(i)) ? sym_of(args[i]) : SymInt(integer(i)); }

double Call::real(size_t i) const {
  if (auto* d = std::get_if<double>(&args.at(i))) return *d;
  if (auto* r = std::get_if<SymReal>(&args.at(i))) return r->value();
  return static_cast<double>(integer(i));
}

bool Call::boolean(size_t i) const {
  if (auto* b = std::get_if<bool>(&args.at(i))) return *b;
  return integer(i) != 0;
}

std::string Call::string(size_t i) const {
  if (auto* s = std::get_if<std::string>(&args.at(i))) return *s;
  refuse(*this, i, "a string");
}

std::vector<int64_t> Call::ints(size_t i) const {
  if (!has(i)) return {};
  if (auto* list = std::get_if<std::vector<int64_t>>(&args.at(i))) return *list;
  if (auto* list = std::get_if<Sizes>(&args.at(i))) return list->fixed();  // throws
  refuse(*this, i, "a list of integers");
}

Sizes Call::syms(size_t i) const {
  if (auto* list = std::get_if<Sizes>(&args.at(i))) return *list;
  return ints(i);
}

std::vector<double> Call::reals(size_t i) const {
  if (!has(i)) return {};
  if (auto* list = std::get_if<std::vector<double>>(&args.at(i))) return *list;
  if (auto* list = std::get_if<std::vector<int64_t>>(&args.at(i))) return {list->begin(), list->end()};
  refuse(*this, i, "a list of numbers");
}

Values Call::tensors(size_t i) const {
  if (!has(i)) return {};
  if (auto* list = std::get_if<Values>(&args.at(i))) return *list;
  refuse(*this, i, "a list of tensors");
}

DType Call::dtype_or(size_t i, DType otherwise) const {
  if (!has(i)) return otherwise;
  const int64_t number = integer(i);
  if (number < 0 || number >= static_cast<int64_t>(kDTypeCount)) refuse(*this, i, "a dtype");
  return static_cast<DType>(number);
}

std::string to_string(const Argument& argument) { return std::visit(Text(), argument); }

}  // namespace etc::compile
