// One conversion for each kind of argument that a .pt2 can hold.
#include "import/arguments.h"

namespace etc::compile {
namespace {

using exported::Tensor;

using Numbers = std::unordered_map<std::string, Argument>;

// What the file states of a number: its value, an expression, or nothing.
using Stated = std::variant<None, Argument, exported::Expression>;
Stated stated_number(const exported::Graph& graph, const std::string& name) {
  auto read = [](const auto& number) -> Stated {
    if (auto* e = std::get_if<exported::Expression>(&number)) return *e;
    return Argument(std::get<0>(number));
  };
  if (auto it = graph.sym_ints.find(name); it != graph.sym_ints.end()) return read(it->second);
  if (auto it = graph.sym_bools.find(name); it != graph.sym_bools.end()) return read(it->second);
  if (auto it = graph.sym_floats.find(name); it != graph.sym_floats.end()) return read(it->second);
  return None{};
}

Argument number(const exported::Graph& graph, const Numbers& numbers, Symbols& symbols, const std::string& name, const std::string& place) {
  if (auto it = numbers.find(name); it != numbers.end()) return it->second;
  const Stated stated = stated_number(graph, name);
  if (auto* value = std::get_if<Argument>(&stated)) return *value;
  if (auto* e = std::get_if<exported::Expression>(&stated)) {
    if (std::optional<Argument> n = symbols.number(*e)) return *n;
    throw CompileError(place + ": nothing defines a symbol of the number " + e->text + "; the file is damaged");
  }
  throw CompileError(place + ": the file does not state the number '" + name + "'");
}

SymInt integer(const Argument& number, const std::string& place) {
  if (is_int(number)) return sym_of(number);
  throw CompileError(place + ": a size that is no integer; the file is damaged");
}

struct Converter {
  const exported::Graph& graph;
  const Numbers& numbers;
  Symbols& symbols;
  Memory& memory;
  const std::string& place;
  using Result = Argument;

  Result operator()(const None&) const { return None{}; }
  Result operator()(const Tensor& t) const { return memory.read(t.name); }
  Result operator()(const std::vector<Tensor>& list) const {
    Values values;
    for (const Tensor& t : list) values.push_back(memory.read(t.name));
    return values;
  }
  Result operator()(const std::vector<std::optional<Tensor>>& list) const {
    Values values;
    for (const auto& t : list) values.push_back(t ? memory.read(t->name) : nullptr);
    return values;
  }
  Result operator()(bool b) const { return b; }
  Result operator()(int64_t n) const { return n; }
  Result operator()(double d) const { return d; }
  Result operator()(const std::string& s) const { return s; }
  Result operator()(const std::vector<int64_t>& list) const { return list; }
  Result operator()(const std::vector<double>& list) const { return list; }
  Result operator()(const std::vector<bool>& list) const { return list; }
  Result operator()(const exported::SymIntName& n) const { return number(graph, numbers, symbols, n.name, place); }
  Result operator()(const exported::SymFloatName& n) const { return number(graph, numbers, symbols, n.name, place); }
  Result operator()(const exported::SymBoolName& n) const { return number(graph, numbers, symbols, n.name, place); }
  Result operator()(const std::vector<exported::SymIntItem>& list) const {
    Sizes sizes;
    for (const exported::SymIntItem& item : list) {
      auto* name = std::get_if<exported::SymIntName>(&item);
      sizes.push_back(name ? integer(number(graph, numbers, symbols, name->name, place), place) : SymInt(std::get<int64_t>(item)));
    }
    return sizes;
  }
  Result operator()(const exported::ScalarTypeNumber& n) const { return static_cast<int64_t>(exported::require_dtype(n.value, place)); }
  Result operator()(const exported::MemoryFormatNumber& n) const { return static_cast<int64_t>(n.value); }
  Result operator()(const exported::LayoutNumber& n) const { return static_cast<int64_t>(n.value); }
  Result operator()(const exported::Device& d) const { return d.type; }
  Result operator()(const exported::Complex&) const { throw CompileError(place + ": complex numbers are not supported yet"); }
  Result operator()(const exported::CustomObject& o) const { throw unsupported("the custom object " + o.class_fqn); }
  Result operator()(const exported::Subgraph&) const { throw unsupported("a nested graph"); }
  Result operator()(const exported::Unknown& u) const { throw unsupported("an argument of kind " + u.tag); }
  template <class T>
  Result operator()(const T&) const {
    throw unsupported("an argument of this kind");
  }
  CompileError unsupported(const std::string& what) const { return CompileError(place + ": " + what + " is not supported"); }
};

}  // namespace

Argument Arguments::convert(const exported::Argument& argument, const std::string& place) {
  return std::visit(Converter{graph_, numbers_, symbols_, memory_, place}, argument.value);
}

bool Arguments::knows_number(const std::string& name) {
  if (numbers_.count(name) || std::holds_alternative<Argument>(stated_number(graph_, name))) return true;
  const exported::Expression* e = expression_of(name);
  return e && symbols_.number(*e).has_value();
}

const exported::Expression* Arguments::expression_of(const std::string& name) const {
  auto find = [&](const auto& numbers) -> const exported::Expression* {
    auto it = numbers.find(name);
    return it == numbers.end() ? nullptr : std::get_if<exported::Expression>(&it->second);
  };
  if (auto* e = find(graph_.sym_ints)) return e;
  if (auto* e = find(graph_.sym_bools)) return e;
  return find(graph_.sym_floats);
}

}  // namespace etc::compile
