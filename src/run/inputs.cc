// From the words of the command line to one array for each input of the method.
#include "inputs.h"

#include <algorithm>
#include <optional>

#include "format.h"
#include "host/error.h"
#include "literal.h"

namespace etc::run {
namespace {

using host::kUsage;
using host::UserError;

// One input as given: an array that is there already, or a literal.
struct Given {
  std::string place;
  std::optional<host::Array> array;
  Literal literal;
};

class Assignment {
 public:
  Assignment(const std::vector<Wanted>& wanted, const std::string& program) : wanted_(wanted), program_(program), slots_(wanted.size()) {}

  [[noreturn]] void fail(const std::string& what) const {
    const std::string takes = wanted_.empty() ? "the method takes no inputs" : "the method takes, in this order:\n" + signature_of(wanted_);
    throw UserError(program_ + ": " + what + "; " + takes, kUsage);
  }
  std::optional<size_t> find(const std::string& name) const {
    for (size_t i = 0; i < wanted_.size(); ++i)
      if (wanted_[i].name == name) return i;
    return std::nullopt;
  }
  void give(const std::string& name, Given given) {
    const auto i = find(name);
    if (!i) fail("has no input '" + name + "'");
    if (slots_[*i]) fail("input '" + name + "' is given twice");
    slots_[*i] = std::move(given);
  }
  void give_next(Given given) { unnamed_.push_back(std::move(given)); }

  std::vector<host::Array> finish() {
    size_t at = 0;
    for (Given& given : unnamed_) {
      while (at < slots_.size() && slots_[at]) ++at;
      if (at == slots_.size()) fail(given.place + ": is one input too many");
      slots_[at] = std::move(given);
    }
    std::vector<host::Array> arrays;
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (!slots_[i]) fail("input '" + wanted_[i].name + "' is missing");
      arrays.push_back(to_array(std::move(*slots_[i]), wanted_[i]));
    }
    return arrays;
  }

 private:
  host::Array to_array(Given given, const Wanted& wanted) const {
    try {
      if (given.array) return accept(std::move(*given.array), wanted, given.place);
      const Literal& literal = given.literal;
      if (literal.dtype && (*literal.dtype != wanted.dtype || !wanted.takes(literal.sizes)))
        throw UserError(given.place + ": is " + type_text(*literal.dtype, literal.sizes) + ", but " + wanted.name + " is " + wanted.type(),
                        kUsage);
      return make_array(literal.values, wanted.dtype, literal.dtype ? literal.sizes : wanted.sizes, given.place);
    } catch (const UserError& e) {
      if (e.code() != kUsage) throw;
      fail(e.what());
    }
  }

  const std::vector<Wanted>& wanted_;
  const std::string& program_;
  std::vector<std::optional<Given>> slots_;
  std::vector<Given> unnamed_;
};

// A name cannot hold a slash, so "./a=b.npy" is a file.
std::optional<std::string> name_in(const std::string& word) {
  const size_t equals = word.find('=');
  if (equals == word.npos || equals == 0 || word.find('/') < equals) return std::nullopt;
  return word.substr(0, equals);
}

void take_file(const std::string& path, const std::optional<std::string>& name, Assignment* to) {
  std::vector<host::NamedArray> arrays = host::read_arrays(path);
  const auto place = [&](const std::string& array) { return array.empty() ? path : path + ":" + array; };
  if (name) {
    if (arrays.size() != 1) to->fail(path + ": holds " + std::to_string(arrays.size()) + " arrays, and input '" + *name + "' takes one");
    to->give(*name, {place(arrays[0].first), std::move(arrays[0].second), {}});
    return;
  }
  const bool by_name =
      !arrays.empty() && std::all_of(arrays.begin(), arrays.end(), [&](const auto& a) { return to->find(a.first).has_value(); });
  for (auto& [array_name, array] : arrays) {
    Given given{place(array_name), std::move(array), {}};
    if (by_name)
      to->give(array_name, std::move(given));
    else
      to->give_next(std::move(given));
  }
}

}  // namespace

bool Wanted::takes(const std::vector<int64_t>& given) const {
  if (given.size() != sizes.size()) return false;
  for (size_t d = 0; d < sizes.size(); ++d)
    if (given[d] != sizes[d] && (given[d] > sizes[d] || !(varying >> d & 1))) return false;
  return true;
}

std::string Wanted::type() const {
  std::string text;
  for (size_t d = 0; d < sizes.size(); ++d) text += (varying >> d & 1 ? "<=" : "") + std::to_string(sizes[d]) + "x";
  return text + name_of(dtype);
}

std::string signature_of(const std::vector<Wanted>& tensors) {
  std::string text;
  for (const Wanted& t : tensors) text += (text.empty() ? "  " : "\n  ") + t.name + " " + t.type();
  return text;
}

host::Array accept(host::Array array, const Wanted& wanted, const std::string& place) {
  if (!host::is_bits_of(array.dtype, wanted.dtype) || !wanted.takes(array.sizes))
    throw UserError(place + ": is " + type_text(array.dtype, array.sizes) + ", but " + wanted.name + " is " + wanted.type(), kUsage);
  array.dtype = wanted.dtype;
  return array;
}

std::vector<host::Array> read_inputs(const std::vector<std::string>& words, const std::vector<Wanted>& wanted, const std::string& program) {
  Assignment assignment(wanted, program);
  for (const std::string& word : words) {
    if (auto literal = parse_literal(word)) {
      assignment.give_next({"'" + word.substr(0, 60) + "'", std::nullopt, std::move(*literal)});
      continue;
    }
    const auto name = name_in(word);
    const std::string input = name ? word.substr(name->size() + 1) : word;
    std::optional<Literal> literal = name ? parse_literal(input) : std::nullopt;
    if (name && is_generator(input)) literal = Literal{std::nullopt, {}, input};  // x=zeros, for short
    if (literal)
      assignment.give(*name, {"'" + word.substr(0, 60) + "'", std::nullopt, std::move(*literal)});
    else
      take_file(input, name, &assignment);
  }
  return assignment.finish();
}

}  // namespace etc::run
