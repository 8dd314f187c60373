// Patterns: what they match, and what becomes of a graph.
#include "passes/pattern.h"

#include "passes/pass_test.h"

namespace etc::compile {
namespace {

using Replace = std::function<Value*(Match&)>;

std::string rewritten(const std::string& lines, const std::string& pattern, const Replace& replace) {
  Graph graph = parse_graph("graph g {\n" + lines + "}\n");
  rewrite(graph, pattern, replace);
  verify(graph, "rewrite");
  return print_graph(graph);
}
std::string canonical(const std::string& lines) { return print_graph(parse_graph("graph g {\n" + lines + "}\n")); }

Value* silu(Match& m) { return m.build().op("aten::silu", {m.value("x")}); }
constexpr const char* kSilu = "aten::mul.Tensor(?x, aten::sigmoid(?x))";

TEST(Pattern, ReplacesAnExpression) {
  EXPECT_EQ(rewritten("input %x: f32[4]\n"
                      "%s: f32[4] = aten::sigmoid(%x)\n"
                      "%y: f32[4] = aten::mul.Tensor(%x, %s)\n"
                      "output \"y\" = %y\n",
                      kSilu, silu),
            canonical("input %x: f32[4]\n"
                      "%silu: f32[4] = aten::silu(%x)\n"
                      "output \"y\" = %silu\n"));
}

void expect_unmatched(const std::string& lines, const std::string& pattern) {
  EXPECT_EQ(rewritten(lines, pattern, [](Match&) -> Value* { throw std::logic_error("matched"); }), canonical(lines));
}

TEST(Pattern, WantsTheSameValueForOneCapture) {
  expect_unmatched(
      "input %x: f32[4]\n"
      "input %z: f32[4]\n"
      "%s: f32[4] = aten::sigmoid(%z)\n"
      "%y: f32[4] = aten::mul.Tensor(%x, %s)\n"
      "output \"y\" = %y\n",
      kSilu);
}

TEST(Pattern, LeavesAnInnerValueThatIsUsedElsewhere) {
  expect_unmatched(
      "input %x: f32[4]\n"
      "%s: f32[4] = aten::sigmoid(%x)\n"
      "%y: f32[4] = aten::mul.Tensor(%x, %s)\n"
      "output \"y\" = %y\n"
      "output \"s\" = %s\n",
      kSilu);
}

TEST(Pattern, TakesAnInnerValueThatTheExpressionUsesTwice) {
  const std::string lines =
      "input %x: f32[4]\n"
      "%s: f32[4] = aten::sin(%x)\n"
      "%y: f32[4] = aten::mul.Tensor(%s, %s)\n"
      "output \"y\" = %y\n";
  const std::string square = "aten::mul.Tensor(aten::sin(?x), aten::sin(?x))";
  EXPECT_NE(rewritten(lines, square, [](Match& m) { return m.build().op("aten::neg", {m.value("x")}); }), canonical(lines));
  expect_unmatched(lines + "output \"s\" = %s\n", square);
}

TEST(Pattern, WantsDefaultsForWhatItLeavesOut) {
  const std::string lines =
      "input %x: f32[4]\n"
      "%y: f32[4] = aten::add.Tensor(%x, %x, 2)\n"
      "output \"y\" = %y\n";
  expect_unmatched(lines, "aten::add.Tensor(?x, ?x)");
  EXPECT_NE(rewritten(lines, "aten::add.Tensor(?x, ?x, 2)", [](Match& m) { return m.build().op("aten::neg", {m.value("x")}); }),
            canonical(lines));
}

TEST(Pattern, TakesLiteralsAndNumbers) {
  Replace check = [](Match& m) -> Value* {
    EXPECT_EQ(m.integer("d"), 1);
    EXPECT_THROW(m.value("d"), CompileError);
    EXPECT_THROW(m.value("nothing"), CompileError);
    return nullptr;  // leave it
  };
  const std::string lines =
      "input %x: f32[4,2]\n"
      "%y: f32[4,2] = aten::_softmax(%x, 1, false)\n"
      "output \"y\" = %y\n";
  EXPECT_EQ(rewritten(lines, "aten::_softmax(?, ?d, false)", check), canonical(lines));
  expect_unmatched(lines, "aten::_softmax(?, ?d, true)");
}

TEST(Pattern, PutsAnExternalOpInItsPlace) {
  EXPECT_EQ(rewritten("input %x: f32[4]\n"
                      "%s: f32[4] = aten::sigmoid(%x)\n"
                      "%y: f32[4] = aten::mul.Tensor(%x, %s)\n"
                      "output \"y\" = %y\n",
                      kSilu,
                      [](Match& m) {
                        return m.external("my::silu", {{"x", m.value("x")}, {"beta", 1.0}}, {m.result()->type});
                      }),
            canonical("input %x: f32[4]\n"
                      "%silu: f32[4] = extern my::silu(x=%x, beta=1.0)\n"
                      "output \"y\" = %silu\n"));
}

TEST(Pattern, RefusesAReplacementOfAnotherType) {
  EXPECT_THROW(rewritten("input %x: f32[4]\n"
                         "%y: f32[4] = aten::sigmoid(%x)\n"
                         "output \"y\" = %y\n",
                         "aten::sigmoid(?x)", [](Match& m) { return m.build().cast(m.value("x"), DType::F64); }),
               CompileError);
}

TEST(Pattern, RefusesTextThatIsNone) {
  for (const char* text : {"", "?x", "aten::relu", "aten::relu(", "aten::relu(?x) more", "aten::relu(word)", "aten::relu([1, 0.5])"})
    EXPECT_THROW(rewritten("", text, silu), CompileError) << text;
}

}  // namespace
}  // namespace etc::compile
