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

// What an instruction takes beside the accumulator: a number, or the tensor operand that is not in it.
struct Other {};
using Operand = std::variant<double, Other>;
struct Step {
  Opcode opcode = Opcode::Load;
  std::vector<Operand> operands;
};

// An op as steps on one of its tensors.
struct Recipe {
  Value* x = nullptr;
  Value* y = nullptr;         // null: there is no other
  std::vector<Step> forward;  // from x in the accumulator
  Step backward;              // from y in it
};

std::optional<double> number(const Argument& a) {
  if (auto* n = std::get_if<int64_t>(&a)) return static_cast<double>(*n);
  if (auto* r = std::get_if<double>(&a)) return *r;
  return std::nullopt;
}

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
    {"aten::hardsigmoid", Opcode::Hardsigmoid, {}},
    {"aten::hardswish", Opcode::Hardswish, {}},
};
constexpr Named kBinary[] = {
    {"aten::add.Tensor", Opcode::Add, Opcode::Add},      {"aten::sub.Tensor", Opcode::Sub, Opcode::SubFrom},
    {"aten::mul.Tensor", Opcode::Mul, Opcode::Mul},      {"aten::div.Tensor", Opcode::Div, Opcode::DivInto},
    {"aten::maximum", Opcode::Maximum, Opcode::Maximum}, {"aten::minimum", Opcode::Minimum, Opcode::Minimum},
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
    const std::optional<double> n = number(*bound);
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
    const std::optional<double> n = number(node.args[i]);
    if (!n) return std::nullopt;
    numbers.push_back(*n);
  }
  if (node.op == "aten::leaky_relu") return Steps{{Opcode::LeakyRelu, {numbers[0]}}};
  if (node.op == "aten::softplus") return Steps{{Opcode::Softplus, {numbers[0], numbers[1]}}};
  if (numbers[2] != 1) return std::nullopt;
  return Steps{{Opcode::Elu, {numbers[0] * numbers[1], numbers[1]}}};
}

std::optional<Recipe> recipe_of(const Node& node) {
  if (node.is_external() || node.results.size() != 1 || !is_f32(node.results[0]) || node.args.empty()) return std::nullopt;
  Recipe r;
  r.x = tensor_argument(node, 0);
  if (!r.x || !is_f32(r.x)) return std::nullopt;
  const Named* binary = find(kBinary, node.op);
  if (!binary) {
    std::optional<std::vector<Step>> steps = steps_of(node);
    if (!steps) return std::nullopt;
    r.forward = std::move(*steps);
    return r;
  }
  r.y = tensor_argument(node, 1);
  if (!r.y || !is_f32(r.y)) return std::nullopt;
  const std::optional<double> alpha = node.args.size() > 2 ? number(node.args[2]) : 1.0;
  if (!alpha) return std::nullopt;
  if (*alpha != 1) {
    const double factor = binary->forward == Opcode::Sub ? -*alpha : *alpha;
    r.forward = {{Opcode::AddMul, {Other{}, factor}}};
    r.backward = {Opcode::MulAdd, {factor, Other{}}};
  } else if (r.x == r.y && binary->forward == Opcode::Mul) {
    r.y = nullptr;
    r.forward = {{Opcode::Square, {}}};
  } else {
    r.forward = {{binary->forward, {Other{}}}};
    r.backward = {binary->backward, {Other{}}};
  }
  return r;
}

class Writer {
 public:
  Writer(const Node& root, const std::unordered_set<const Node*>& members) : root_(root), members_(members) {
    for (const Node* node : members) {
      const Recipe& r = recipes_.emplace(node, *recipe_of(*node)).first->second;
      for (const Value* v : {r.x, r.y})
        if (v && is_computed(v)) ++uses_[v->producer];
    }
  }

  std::optional<PointwiseProgram> write(const std::function<bool(const Value*)>& is_first) {
    compute(root_.results[0]);
    Values& inputs = program_.inputs;
    const size_t numbers = inputs.size(), registers = numbers + program_.numbers.size();  // where they begin
    if (inputs.empty() || registers + registers_.size() > cpu::kPlaces) return std::nullopt;
    const auto found = std::find_if(inputs.begin(), inputs.end(), is_first);
    const auto first = found == inputs.end() ? 0 : static_cast<size_t>(found - inputs.begin());
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
    const int x = need(r.x), y = r.y ? need(r.y) : 0;
    const bool both = r.y && is_computed(r.x) && is_computed(r.y);
    return needs_[v] = both ? (x == y ? x + 1 : std::max(x, y)) : std::max(x, y);
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
    if (!r.y) {
      compute(r.x);
      for (const Step& s : r.forward) emit(s, {});
      return;
    }
    if (r.x != r.y && !is_at_hand(r.x) && !is_at_hand(r.y)) {
      // What is used elsewhere too is stored anyway. Else the one that needs more goes first, when more registers are free.
      const int x = uses_[r.x->producer], y = uses_[r.y->producer];
      const bool x_first = (x > 1) != (y > 1) ? x > 1 : need(r.x) >= need(r.y);
      hold(x_first ? r.x : r.y);
    }
    const bool from_x = is_at_hand(r.y);
    compute(from_x ? r.x : r.y);
    emit(from_x ? r.forward[0] : r.backward, take(from_x ? r.y : r.x));
  }

  void load(Place place) {
    if (!instructions_.empty() && instructions_.back().opcode == Opcode::Store && instructions_.back().places[0] == place) return;
    emit(Opcode::Load, {place});
  }
  void emit(const Step& step, Place other) {
    std::vector<Place> places;
    for (const Operand& o : step.operands) places.push_back(std::holds_alternative<double>(o) ? place_of(std::get<double>(o)) : other);
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
