// Activations that are written out, as in run_decompositions' core form, become the one op that fuse-epilogue knows. They round otherwise.
#include <cmath>
#include <string>
#include <utility>

#include "passes/pass.h"
#include "passes/pattern.h"
#include "passes/rewrite.h"

namespace etc::compile::passes {
namespace {

// Whether the capture is this number, or a constant of nothing else; to a float's precision.
bool is(const Match& m, const std::string& capture, double number) {
  const Argument& a = m.argument(capture);
  std::optional<double> x = fixed_number(a);
  if (auto* v = std::get_if<Value*>(&a); v && is_f32(*v) && (*v)->type.sizes.empty()) x = number_of(*v);
  return x && std::abs(static_cast<float>(*x) - number) <= 1e-6 * number;
}

// Replaces a pattern of one tensor x, in which these captures are these numbers, by op(x, arguments).
bool replace(Graph& graph, const std::string& pattern, const std::vector<std::pair<std::string, double>>& numbers, const std::string& op,
             const std::vector<Argument>& arguments = {}) {
  return rewrite(graph, pattern, [&](Match& m) -> Value* {
    if (!is_f32(m.result()) || m.value("x")->type.sizes != m.result()->type.sizes) return nullptr;
    for (const auto& [capture, number] : numbers)
      if (!is(m, capture, number)) return nullptr;
    std::vector<Argument> args = {m.value("x")};
    args.insert(args.end(), arguments.begin(), arguments.end());
    Value* y = m.build().op(op, args);
    std::swap(y->name, m.result()->name);  // under which users know these elements
    return y;
  });
}

std::string mul(const std::string& a, const std::string& b) { return "aten::mul.Tensor(" + a + ", " + b + ")"; }

bool run(Graph& graph) {
  bool changed = false;
  // A product of x and another factor, either way round.
  const auto product = [&](const std::string& other, const std::string& op) {
    for (const std::string& pattern : {mul("?x", other), mul(other, "?x")}) changed |= replace(graph, pattern, {}, op);
  };
  product("aten::sigmoid(?x)", "aten::silu");

  const std::string shifted = "aten::add.Tensor(?x, ?three)", two = "aten::clamp(aten::clamp(" + shifted + ", ?zero, none), none, ?six)";
  for (const std::string& ramp : {"aten::clamp(" + shifted + ", ?zero, ?six)", "aten::hardtanh(" + shifted + ", ?zero, ?six)", two}) {
    const std::vector<std::pair<std::string, double>> numbers = {{"three", 3}, {"zero", 0}, {"six", 6}, {"divisor", 6}};
    for (const std::string& pattern : {mul("?x", ramp), mul(ramp, "?x")})
      changed |= replace(graph, "aten::div.Tensor(" + pattern + ", ?divisor)", numbers, "aten::hardswish");
    changed |= replace(graph, "aten::div.Tensor(" + ramp + ", ?divisor)", numbers, "aten::hardsigmoid");
  }
  product("aten::hardsigmoid(?x)", "aten::hardswish");
  changed |=
      replace(graph, "aten::clamp(aten::clamp(?x, ?zero, none), none, ?six)", {{"zero", 0}, {"six", 6}}, "aten::hardtanh", {0.0, 6.0});

  for (const auto& [scaled, number] :
       {std::pair(mul("?x", "?scale"), M_SQRT1_2), std::pair(std::string("aten::div.Tensor(?x, ?scale)"), M_SQRT2)}) {
    const std::string integral = "aten::add.Tensor(aten::erf(" + scaled + "), ?one)";
    const std::vector<std::pair<std::string, double>> numbers = {{"half", 0.5}, {"one", 1}, {"scale", number}};
    for (const std::string& pattern :
         {mul(mul("?x", "?half"), integral), mul(mul("?x", integral), "?half"), mul("?x", mul(integral, "?half"))})
      changed |= replace(graph, pattern, numbers, "aten::gelu", {std::string("none")});
  }
  return changed;
}

}  // namespace

extern const Pass find_activations;
constinit const Pass find_activations = {"find-activations", "activations that are written out into the ops that they are", run, true,
                                         true};

}  // namespace etc::compile::passes
