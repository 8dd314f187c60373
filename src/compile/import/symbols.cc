// Ranges, bounds and bindings of symbols; see symbols.h.
#include "import/symbols.h"

#include <algorithm>
#include <numeric>

#include "import/guards.h"
#include "ir/views.h"

namespace etc::compile {
namespace {

using exported::Expression;
using exported::InputSpec;

bool is_user(const InputSpec& spec) { return spec.kind == InputSpec::Kind::User; }

// n as factor * symbol + rest, when it is that.
struct Linear {
  std::string symbol;
  int64_t factor = 1, rest = 0;
};
std::optional<Linear> linear(const SymInt& n) {
  SymRef node = n.node();
  Linear l;
  if (node->op == SymOp::Sum && node->args.size() == 1) l.rest = node->integer, node = node->args[0];
  if (node->op == SymOp::Product && node->args.size() == 1) l.factor = node->integer, node = node->args[0];
  if (node->op != SymOp::Symbol || l.factor <= 0) return std::nullopt;
  l.symbol = node->symbol->name;
  return l;
}

// Calls f(input, axis, size) for the sizes of all tensors that the user gives.
template <class F>
void for_each_input_size(const exported::ExportedProgram& program, const exported::Graph& graph, const F& f) {
  for (const InputSpec& spec : program.inputs) {
    const auto* tensor = is_user(spec) ? spec.argument.as<exported::Tensor>() : nullptr;
    const auto meta = tensor ? graph.tensors.find(tensor->name) : graph.tensors.end();
    if (meta == graph.tensors.end()) continue;
    for (size_t d = 0; d < meta->second.sizes.size(); ++d) f(spec, static_cast<int64_t>(d), meta->second.sizes[d]);
  }
}

// Inputs come first: nothing could compute a function of their sizes yet.
[[noreturn]] SymRef no_function(const std::string& name, const std::vector<SymRef>&) {
  throw CompileError("an input's size is computed by " + name);
}

}  // namespace

Symbols::Symbols(const exported::ExportedProgram& program, const exported::Graph& graph, const MaxDims& bounds, Builder& builder)
    : program_(program), graph_(graph), bounds_(bounds), b_(builder) {
  find_bounds();
  declare_inputs();
}

Symbols::Symbols(const Symbols& outer, Builder& builder)
    : program_(outer.program_),
      graph_(outer.graph_),
      bounds_(outer.bounds_),
      b_(builder),
      defined_(outer.defined_),
      upper_(outer.upper_),
      divisor_(outer.divisor_),
      functions_(outer.functions_),
      dims_(outer.dims_) {}

int64_t Symbols::lower_of(const std::string& name) const {
  auto it = program_.ranges.find(name);
  return it == program_.ranges.end() ? kNoLower : it->second.min.value_or(kNoLower);
}
int64_t Symbols::upper_of(const std::string& name) const {
  int64_t upper = kNoUpper;
  if (auto it = program_.ranges.find(name); it != program_.ranges.end()) upper = it->second.max.value_or(kNoUpper);
  if (auto it = upper_.find(name); it != upper_.end()) upper = std::min(upper, it->second);
  if (auto it = bounds_.find(name); it != bounds_.end()) upper = std::min(upper, it->second);
  return upper;
}

// Before symbols exist: expressions over stand-ins tell what a bound of an input's size means for its symbol.
void Symbols::find_bounds() {
  std::map<std::string, std::string> symbol_of_dim;
  auto stand_in = [](const std::string& name, bool) { return sym_symbol(std::make_shared<const Symbol>(Symbol{name, 0, kNoUpper})); };
  for_each_input_size(program_, graph_, [&](const InputSpec& spec, int64_t axis, const exported::SymInt& size) {
    const std::string dim = spec.name + "." + std::to_string(axis);
    const auto bound = bounds_.find(dim);
    const auto* e = std::get_if<Expression>(&size);
    if (!e) {
      if (bound != bounds_.end()) throw CompileError("--max-dim: the dimension " + dim + " has a fixed size", kUsage);
      return;
    }
    const std::optional<Linear> l = linear(SymInt(parse_expression(e->text, stand_in, no_function)));
    if (l) symbol_of_dim[dim] = l->factor == 1 && l->rest == 0 ? l->symbol : "";
    if (bound == bounds_.end() || !l) return;
    const int64_t most = floor_div(SymInt(bound->second) - l->rest, l->factor);
    if (most < std::max<int64_t>(0, lower_of(l->symbol)))
      throw CompileError(
          "--max-dim: " + dim + " is at least " + std::to_string(l->factor * std::max<int64_t>(0, lower_of(l->symbol)) + l->rest), kUsage);
    upper_[l->symbol] = upper_.count(l->symbol) ? std::min(upper_[l->symbol], most) : most;
  });
  for (const std::string& guard : program_.guards) {
    const std::optional<Divisibility> d = parse_divisibility(guard);
    if (!d || d->divisor <= 1) continue;
    const auto symbol = symbol_of_dim.find(d->input + "." + std::to_string(d->axis));
    if (symbol == symbol_of_dim.end() || symbol->second.empty()) continue;
    int64_t& divisor = divisor_.emplace(symbol->second, 1).first->second;
    divisor = std::lcm(divisor, d->divisor);
  }
}

void Symbols::note_bounds(BoundUse* use) const {
  for (const auto& [name, bound] : bounds_) {
    const bool is_dim = std::any_of(dims_.begin(), dims_.end(), [&, &name = name](const Dim& d) { return name_of(d) == name; });
    if (is_dim || program_.ranges.count(name) || defined_.count(name)) use->known.insert(name);
  }
  for (const Dim& d : dims_)
    if (!d.size.is_fixed()) use->names.insert(name_of(d));
}

void Symbols::declare_inputs() {
  auto declare = [&](const std::string& name, bool is_integer) -> SymRef {
    if (auto it = defined_.find(name); it != defined_.end()) return it->second;
    int64_t lower = std::max<int64_t>(lower_of(name), 0), upper = upper_of(name);
    if (upper < lower)
      throw CompileError("the range of " + name + " is empty: " + std::to_string(lower) + " to " + std::to_string(upper), kUsage);
    const auto divisor = divisor_.find(name);
    if (!is_integer) return defined_[name] = sym_symbol(b_.graph().add_symbol(name, 0, 0, true));
    if (divisor == divisor_.end() || lower == upper) return defined_[name] = SymInt(b_.graph().add_symbol(name, lower, upper)).node();
    // The size is a multiple: of a symbol that counts in multiples, so that what export simplified comes out here too.
    const int64_t by = divisor->second;
    lower = floor_div(SymInt(lower) + (by - 1), by);
    upper = upper == kNoUpper ? kNoUpper : upper / by;
    return defined_[name] = (SymInt(b_.graph().add_symbol(name + "_by_" + std::to_string(by), lower, upper)) * by).node();
  };
  for_each_input_size(program_, graph_, [&](const InputSpec& spec, int64_t axis, const exported::SymInt& size) {
    const auto* e = std::get_if<Expression>(&size);
    dims_.push_back({spec.name, axis, e ? SymInt(parse_expression(e->text, declare, no_function)) : SymInt(std::get<int64_t>(size))});
  });
}

SymRef Symbols::find(const std::string& name) {
  auto it = defined_.find(name);
  return it == defined_.end() ? nullptr : it->second;
}

// Of functions that evals do not know, the tensor kernels do.
SymRef Symbols::function(const std::string& name, const std::vector<SymRef>& args) {
  std::string key = name;
  std::vector<Argument> operands;
  for (const SymRef& a : args) {
    key += " " + a->text;
    operands.push_back(b_.scalar(DType::F64, SymReal(a)));
  }
  if (auto it = functions_.find(key); it != functions_.end()) return it->second;
  const std::string op = name == "pow" ? "aten::pow.Tensor_Tensor" : "aten::" + name;
  const Argument result = b_.item(b_.op(op, std::move(operands)));
  const auto* fixed = std::get_if<double>(&result);
  return functions_[key] = fixed ? sym_real(*fixed) : std::get<SymReal>(result).node();
}

std::optional<SymInt> Symbols::integer(const exported::SymInt& n) {
  if (auto* fixed = std::get_if<int64_t>(&n)) return SymInt(*fixed);
  const std::optional<Argument> number = this->number(std::get<Expression>(n));
  if (!number) return std::nullopt;
  if (!is_int(*number)) throw CompileError("the size " + std::get<Expression>(n).text + " is no integer");
  return sym_of(*number);
}

std::optional<Argument> Symbols::number(const Expression& e) {
  const SymRef n = parse_expression(
      e.text, [&](const std::string& name, bool) { return find(name); },
      [&](const std::string& name, const std::vector<SymRef>& args) { return function(name, args); });
  if (!n) return std::nullopt;
  Argument result;
  if (n->is_real)
    result = SymReal(n);
  else
    result = SymInt(n);
  return result;
}

std::optional<Sizes> Symbols::sizes(const std::vector<exported::SymInt>& list) {
  Sizes sizes;
  for (const exported::SymInt& n : list) {
    std::optional<SymInt> size = integer(n);
    if (!size) return std::nullopt;
    sizes.push_back(std::move(*size));
  }
  return sizes;
}

std::optional<std::string> Symbols::undefined_symbol(const Expression& e) {
  std::set<std::string> undefined;
  parse_expression(
      e.text,
      [&](const std::string& name, bool is_integer) {
        if (SymRef s = find(name)) return s;
        undefined.insert(name);
        return sym_symbol(std::make_shared<const Symbol>(Symbol{name, kNoLower, kNoUpper, !is_integer}));
      },
      [](const std::string& name, const std::vector<SymRef>&) {
        return sym_symbol(std::make_shared<const Symbol>(Symbol{name, 0, 0, true}));
      });
  if (undefined.size() != 1) return std::nullopt;
  return *undefined.begin();
}

void Symbols::announce(const Expression& e) {
  if (const std::optional<std::string> name = undefined_symbol(e)) b_.announce_symbol(*name, lower_of(*name), upper_of(*name));
}

void Symbols::add_guards() {
  const InputSize size = [&](const std::string& input, int64_t axis) -> std::optional<SymInt> {
    for (const Dim& d : dims_)
      if (d.input == input && d.axis == axis) return d.size;
    if (axis >= 0) return std::nullopt;
    for (const InputSpec& spec : program_.inputs) {
      const auto* name = is_user(spec) && spec.name == input ? spec.argument.as<exported::SymIntName>() : nullptr;
      const auto stated = name ? graph_.sym_ints.find(name->name) : graph_.sym_ints.end();
      if (stated != graph_.sym_ints.end()) return integer(stated->second);
    }
    return std::nullopt;
  };
  for (const std::string& guard : program_.guards)
    if (const std::optional<SymInt> condition = parse_guard(guard, size); condition && !condition->is_fixed())
      b_.check(*condition, "the input sizes do not satisfy " + guard);
}

}  // namespace etc::compile
