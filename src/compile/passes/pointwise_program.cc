// Writing programs for a machine with one accumulator: operands in full before the op, the one that needs more registers first.
#include "passes/pointwise_program.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "ops/cpu/pointwise.h"
#include "passes/rewrite.h"

namespace etc::compile {
namespace {

using cpu::Opcode;

// What an instruction takes beside the accumulator: a number, or a tensor operand that is not in it.
struct Other {
  size_t index = 0;
};
using Operand = std::variant<double, Other>;
struct Step {
  Opcode opcode = Opcode::Load;
  std::vector<Operand> operands;
};

// An op as steps on one of its tensors.
struct Recipe {
  Value* x = nullptr;
  Values others;
  std::vector<Step> forward;     // from x in the accumulator
  std::optional<Step> backward;  // from the only other in it
};

struct Named {
  const char* op;
  Opcode forward, backward;
};
constexpr Named kUnary[] = {
    {"aten::neg", Opcode::Neg, {}},
    {"aten::abs", Opcode::Abs, {}},
    {"aten::reciprocal", Opcode::Reciprocal, {}},
    {"aten::sqrt", Opcode::Sqrt, {}},
    {"aten::rsqrt", Opcode::Rsqrt, {}},
    {"aten::exp", Opcode::Exp, {}},
    {"aten::log", Opcode::Log, {}},
    {"aten::log1p", Opcode::Log1p, {}},
    {"aten::erf", Opcode::Erf, {}},
    {"aten::tanh", Opcode::Tanh, {}},
    {"aten::sigmoid", Opcode::Sigmoid, {}},
    {"aten::silu", Opcode::Silu, {}},
    {"aten::round", Opcode::Round, {}},
    {"aten::floor", Opcode::Floor, {}},
    {"aten::ceil", Opcode::Ceil, {}},
    {"aten::trunc", Opcode::Trunc, {}},
    {"aten::mish", Opcode::Mish, {}},
    {"aten::hardsigmoid", Opcode::Hardsigmoid, {}},
    {"aten::hardswish", Opcode::Hardswish, {}},
};
constexpr Named kBinary[] = {
    {"aten::add.Tensor", Opcode::Add, Opcode::Add},      {"aten::sub.Tensor", Opcode::Sub, Opcode::SubFrom},
    {"aten::mul.Tensor", Opcode::Mul, Opcode::Mul},      {"aten::div.Tensor", Opcode::Div, Opcode::DivInto},
    {"aten::maximum", Opcode::Maximum, Opcode::Maximum}, {"aten::minimum", Opcode::Minimum, Opcode::Minimum},
    {"aten::gt.Tensor", Opcode::Greater, Opcode::Less},  {"aten::ge.Tensor", Opcode::GreaterEqual, Opcode::LessEqual},
    {"aten::lt.Tensor", Opcode::Less, Opcode::Greater},  {"aten::le.Tensor", Opcode::LessEqual, Opcode::GreaterEqual},
    {"aten::eq.Tensor", Opcode::Equal, Opcode::Equal},   {"aten::ne.Tensor", Opcode::NotEqual, Opcode::NotEqual},
};
// Of masks, ones and zeros.
constexpr Named kLogical[] = {
    {"aten::logical_and", Opcode::Mul, Opcode::Mul},
    {"aten::logical_or", Opcode::Maximum, Opcode::Maximum},
    {"aten::logical_xor", Opcode::NotEqual, Opcode::NotEqual},
    {"aten::bitwise_and.Tensor", Opcode::Mul, Opcode::Mul},
    {"aten::bitwise_or.Tensor", Opcode::Maximum, Opcode::Maximum},
    {"aten::bitwise_xor.Tensor", Opcode::NotEqual, Opcode::NotEqual},
};
template <size_t N>
const Named* find(const Named (&list)[N], const std::string& op) {
  const auto* found = std::find_if(list, list + N, [&](const Named& n) { return op == n.op; });
  return found == list + N ? nullptr : found;
}

// From a lower and an upper bound, of which one may be missing.
std::optional<std::vector<Step>> bounds(const Argument& low, const Argument& high) {
  std::vector<Step> steps;
  for (const auto& [bound, opcode] : {std::pair(&low, Opcode::AtLeast), std::pair(&high, Opcode::AtMost)}) {
    if (std::holds_alternative<None>(*bound)) continue;
    const std::optional<double> n = fixed_number(*bound);
    if (!n || *n != *n) return std::nullopt;
    steps.push_back({opcode, {*n}});
  }
  return steps;
}

// The steps of an op of one tensor.
std::optional<std::vector<Step>> steps_of(const Node& node) {
  using Steps = std::vector<Step>;
  if (const Named* found = find(kUnary, node.op)) return Steps{{found->forward, {}}};
  if (node.op == "aten::relu") return Steps{{Opcode::AtLeast, {0.0}}};
  if (node.op == "aten::clamp" || node.op == "aten::hardtanh") return bounds(node.args[1], node.args[2]);
  if (node.op == "aten::gelu") return Steps{{std::get<std::string>(node.args[1]) == "tanh" ? Opcode::GeluTanh : Opcode::Gelu, {}}};
  if (node.op != "aten::leaky_relu" && node.op != "aten::elu" && node.op != "aten::softplus") return std::nullopt;
  std::vector<double> numbers;
  for (size_t i = 1; i < node.args.size(); ++i) {
    const std::optional<double> n = fixed_number(node.args[i]);
    if (!n) return std::nullopt;
    numbers.push_back(*n);
  }
  if (node.op == "aten::leaky_relu") return Steps{{Opcode::LeakyRelu, {numbers[0]}}};
  if (node.op == "aten::softplus") return Steps{{Opcode::Softplus, {numbers[0], numbers[1]}}};
  if (numbers[2] != 1) return std::nullopt;
  return Steps{{Opcode::Elu, {numbers[0] * numbers[1], numbers[1]}}};
}

bool is_mask(const Value* v) { return v->type.dtype == DType::Bool; }

// x op y, or with a factor on y.
std::optional<Recipe> binary(const Named& named, const Node& node) {
  Recipe r;
  r.x = tensor_argument(node, 0);
  Value* y = tensor_argument(node, 1);
  const std::optional<double> alpha = node.args.size() > 2 ? fixed_number(node.args[2]) : 1.0;
  if (!y || !alpha) return std::nullopt;
  if (r.x == y && named.forward == Opcode::Mul) {
    r.forward = {{Opcode::Square, {}}};
    return r;
  }
  r.others = {y};
  if (*alpha == 1) {
    r.forward = {{named.forward, {Other{}}}};
    r.backward = {named.backward, {Other{}}};
  } else {
    const double factor = named.forward == Opcode::Sub ? -*alpha : *alpha;
    r.forward = {{Opcode::AddMul, {Other{}, factor}}};
    r.backward = {Opcode::MulAdd, {factor, Other{}}};
  }
  return r;
}

// Between two tensors, of which one may be missing.
Recipe clamp(const Node& node) {
  Recipe r;
  r.x = tensor_argument(node, 0);
  for (const auto& [i, opcode] : {std::pair(1u, Opcode::Maximum), std::pair(2u, Opcode::Minimum)}) {
    Value* bound = tensor_argument(node, i);
    if (!bound) continue;
    r.forward.push_back({opcode, {Other{r.others.size()}}});
    r.others.push_back(bound);
  }
  return r;
}

std::optional<Recipe> recipe_of(const Node& node) {
  if (node.is_external() || node.results.size() != 1 || node.args.empty() || !tensor_argument(node, 0)) return std::nullopt;
  bool all_masks = is_mask(node.results[0]), all_floats = true;
  for_each_operand(node, [&](const Value* v) { all_masks = all_masks && is_mask(v), all_floats = all_floats && is_f32(v); });
  Recipe r;
  r.x = tensor_argument(node, 0);
  if (all_masks) {
    if (const Named* found = find(kLogical, node.op)) return binary(*found, node);
    if (node.op != "aten::logical_not" && node.op != "aten::bitwise_not") return std::nullopt;
    r.forward = {{Opcode::SubFrom, {1.0}}};
    return r;
  }
  if (node.op == "aten::where.self") {
    r.others = {tensor_argument(node, 1), tensor_argument(node, 2)};
    if (!is_mask(r.x) || !is_f32(r.others[0]) || !is_f32(r.others[1])) return std::nullopt;
    r.forward = {{Opcode::Select, {Other{0}, Other{1}}}};
    return r;
  }
  if (!all_floats) return std::nullopt;
  if (const Named* found = find(kBinary, node.op)) return binary(*found, node);
  if (!is_f32(node.results[0])) return std::nullopt;
  if (node.op == "aten::clamp.Tensor") return clamp(node);
  std::optional<std::vector<Step>> steps = steps_of(node);
  if (!steps) return std::nullopt;
  r.forward = std::move(*steps);
  return r;
}

class Writer {
 public:
  Writer(const Node& root, const std::unordered_set<const Node*>& members) : root_(root), members_(members) {
    for (const Node* node : members) {
      const Recipe& r = recipes_.emplace(node, *recipe_of(*node)).first->second;
      if (is_computed(r.x)) ++uses_[r.x->producer];
      for (const Value* v : r.others)
        if (is_computed(v)) ++uses_[v->producer];
    }
  }

  std::optional<PointwiseProgram> write(const std::function<bool(const Value*)>& is_first) {
    compute(root_.results[0]);
    Values& inputs = program_.inputs;
    const size_t numbers = inputs.size(), registers = numbers + program_.numbers.size();  // where they begin
    auto found = std::find_if(inputs.begin(), inputs.end(), is_first);
    if (found == inputs.end()) found = std::find_if(inputs.begin(), inputs.end(), is_f32);
    if (found == inputs.end() || registers + registers_.size() > cpu::kPlaces) return std::nullopt;
    const auto first = static_cast<size_t>(found - inputs.begin());
    std::swap(inputs[0], inputs[first]);
    const auto place = [&](const Instruction& instruction, size_t i) {
      if (i >= instruction.places.size()) return 0u;
      const auto [kind, index] = instruction.places[i];
      const size_t input = index == first ? 0 : index == 0 ? first : index;
      return static_cast<uint32_t>(kind == Kind::Input ? input : index + (kind == Kind::Number ? numbers : registers));
    };
    for (const Instruction& i : instructions_) program_.instructions.push_back(cpu::encode(i.opcode, place(i, 0), place(i, 1)));
    return std::move(program_);
  }

 private:
  enum class Kind : uint8_t { Input, Number, Register };
  struct Place {
    Kind kind;
    size_t index;
    bool operator==(const Place&) const = default;
  };
  struct Instruction {
    Opcode opcode;
    std::vector<Place> places;
  };

  bool is_computed(const Value* v) const { return v->producer && members_.count(v->producer); }
  // Whether an instruction can take it from a place.
  bool is_at_hand(const Value* v) const { return !is_computed(v) || held_.count(v->producer); }

  // How many registers it takes to compute a value, about: of what is used twice all uses count.
  int need(const Value* v) {
    if (!is_computed(v)) return 0;
    const auto [it, is_new] = needs_.emplace(v, 0);
    if (!is_new) return it->second;
    const Recipe& r = recipes_.at(v->producer);
    int most = need(r.x), computed = is_computed(r.x);
    for (const Value* other : r.others) {
      const int n = need(other);
      most = is_computed(other) && computed > 0 && n == most ? n + 1 : std::max(most, n);
      computed += is_computed(other);
    }
    return needs_[v] = most;
  }

  // v into the accumulator, and into a register for uses that are still to come.
  void compute(Value* v) {
    if (is_at_hand(v)) return load(take(v));
    run(v->producer);
    if (const int uses = uses_[v->producer]; uses > 1) held_.emplace(v->producer, Held{store(), uses - 1});
  }
  // v into a register, for all of its uses.
  void hold(Value* v) {
    run(v->producer);
    held_.emplace(v->producer, Held{store(), uses_[v->producer]});
  }

  void run(const Node* node) {
    const Recipe& r = recipes_.at(node);
    if (r.backward && r.x != r.others[0] && !is_at_hand(r.x) && !is_at_hand(r.others[0])) {
      // What is used elsewhere too is stored anyway. Else the one that needs more goes first, when more registers are free.
      const int x = uses_[r.x->producer], y = uses_[r.others[0]->producer];
      const bool x_first = (x > 1) != (y > 1) ? x > 1 : need(r.x) >= need(r.others[0]);
      hold(x_first ? r.x : r.others[0]);
    }
    if (r.backward && !is_at_hand(r.others[0])) {
      compute(r.others[0]);
      return emit(*r.backward, {take(r.x)});
    }
    for (Value* other : r.others)
      if (!is_at_hand(other)) hold(other);
    compute(r.x);
    std::vector<Place> others;
    for (Value* other : r.others) others.push_back(take(other));
    for (const Step& s : r.forward) emit(s, others);
  }

  void load(Place place) {
    if (!instructions_.empty() && instructions_.back().opcode == Opcode::Store && instructions_.back().places[0] == place) return;
    emit(Opcode::Load, {place});
  }
  void emit(const Step& step, const std::vector<Place>& others) {
    std::vector<Place> places;
    for (const Operand& o : step.operands)
      places.push_back(std::holds_alternative<double>(o) ? place_of(std::get<double>(o)) : others[std::get<Other>(o).index]);
    emit(step.opcode, std::move(places));
  }
  void emit(Opcode opcode, std::vector<Place> places) {
    if (opcode == Opcode::Add && !instructions_.empty() && instructions_.back().opcode == Opcode::Mul) {
      instructions_.back().opcode = Opcode::MulAdd;
      instructions_.back().places.push_back(places[0]);
    } else {
      instructions_.push_back({opcode, std::move(places)});
    }
  }

  // The place of a value at hand, for one of its uses.
  Place take(Value* v) {
    if (is_computed(v)) {
      Held& held = held_.at(v->producer);
      if (--held.uses == 0) release(held.place);
      return held.place;
    }
    if (const std::byte* element = uniform_element(v)) {
      if (is_mask(v)) return place_of(*element != std::byte{0});
      float x;
      std::memcpy(&x, element, sizeof x);
      return place_of(x);
    }
    const auto it = std::find(program_.inputs.begin(), program_.inputs.end(), v);
    const auto index = static_cast<size_t>(it - program_.inputs.begin());
    if (it == program_.inputs.end()) program_.inputs.push_back(v);
    return {Kind::Input, index};
  }
  Place place_of(double n) {
    const auto same = [n](double m) { return std::memcmp(&n, &m, sizeof n) == 0; };
    const auto it = std::find_if(program_.numbers.begin(), program_.numbers.end(), same);
    const auto index = static_cast<size_t>(it - program_.numbers.begin());
    if (it == program_.numbers.end()) program_.numbers.push_back(n);
    return {Kind::Number, index};
  }
  // The accumulator into a free register.
  Place store() {
    const auto it = std::find(registers_.begin(), registers_.end(), false);
    const Place place{Kind::Register, static_cast<size_t>(it - registers_.begin())};
    if (it == registers_.end()) registers_.push_back(true);
    registers_[place.index] = true;
    emit(Opcode::Store, {place});
    return place;
  }
  void release(Place place) { registers_[place.index] = false; }

  struct Held {
    Place place;
    int uses;  // that are still to come
  };
  const Node& root_;
  const std::unordered_set<const Node*>& members_;
  std::unordered_map<const Node*, Recipe> recipes_;
  std::unordered_map<const Node*, int> uses_;
  std::unordered_map<const Value*, int> needs_;
  std::unordered_map<const Node*, Held> held_;
  std::vector<bool> registers_;  // taken
  std::vector<Instruction> instructions_;
  PointwiseProgram program_;
};

}  // namespace

bool has_instructions(const Node& node) { return recipe_of(node).has_value(); }

std::optional<PointwiseProgram> write_program(const Node& root, const std::unordered_set<const Node*>& members,
                                              const std::function<bool(const Value*)>& is_first) {
  return Writer(root, members).write(is_first);
}

}  // namespace etc::compile
