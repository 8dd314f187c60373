// What lowering promises about places and lifetimes. Every plan here is also proved by the checker.
#include "plan/lower.h"

#include "ir/error.h"
#include "plan/plan_test.h"

namespace etc::compile {
namespace {

PlannedModel lowered(const std::string& lines, const PlanOptions& options = {}) {
  PlannedModel m(lines, options);
  EXPECT_EQ(faults_of(m.plan), "");
  return m;
}

TEST(Lower, LetsBuffersLiveFromDefinitionToLastUse) {
  const auto m = lowered(
      "input %x: f32[4]\n"
      "%a: f32[4] = aten::tanh(%x)\n"
      "%b: f32[4] = aten::exp(%x)\n"
      "%c: f32[4] = aten::maximum(%a, %b)\n"
      "output \"c\" = %c\n",
      {{}, false, true});
  EXPECT_EQ(m.buffer("x").first, -1);
  EXPECT_EQ(m.buffer("x").last, 1);
  EXPECT_EQ(m.buffer("a").first, 0);
  EXPECT_EQ(m.buffer("a").last, 2);
  EXPECT_EQ(m.buffer("c").first, 2);
  EXPECT_EQ(m.buffer("c").last, 3);  // after the run
}

TEST(Lower, MakesResultsInPlaceOfDyingArguments) {
  const auto m = lowered(
      "input %x: f32[4]\n"
      "%a: f32[4] = aten::tanh(%x)\n"
      "%b: f32[4] = aten::exp(%a)\n"
      "%c: f32[4] = aten::tanh(%b)\n"
      "output \"c\" = %c\n");
  EXPECT_TRUE(m.share_place("a", "b"));
  EXPECT_TRUE(m.share_place("b", "c"));
  EXPECT_FALSE(m.share_place("x", "a")) << "the caller's memory may be bound there";
}

TEST(Lower, KeepsArgumentsThatAreUsedLater) {
  const auto m = lowered(
      "input %x: f32[4]\n"
      "%a: f32[4] = aten::tanh(%x)\n"
      "%b: f32[4] = aten::exp(%a)\n"
      "%c: f32[4] = aten::maximum(%a, %b)\n"
      "output \"c\" = %c\n");
  EXPECT_FALSE(m.share_place("a", "b"));
}

TEST(Lower, KeepsArgumentsWhoseViewIsUsedLater) {
  const auto m = lowered(
      "input %x: f32[2,3]\n"
      "%a: f32[2,3] = aten::tanh(%x)\n"
      "%t: f32[3,2]{1,3} = etc::view(%a, [3, 2], [1, 3], 0)\n"
      "%b: f32[2,3] = aten::exp(%a)\n"
      "%c: f32[3,2] = etc::copy(%t)\n"
      "output \"b\" = %b\n"
      "output \"c\" = %c\n");
  EXPECT_FALSE(m.share_place("a", "b"));
}

TEST(Lower, PlacesViewsInsideTheirRoot) {
  const auto m = lowered(
      "input %x: f32[4,3]\n"
      "%row: f32[3]{1} = etc::view(%x, [3], [1], 6)\n"
      "%y: f32[3] = aten::tanh(%row)\n"
      "output \"y\" = %y\n");
  EXPECT_EQ(m.location("row").index, m.location("x").index);
  EXPECT_EQ(m.location("row").offset_bytes, 24u);
  EXPECT_EQ(m.method().values[m.id("row")].root, m.id("x"));
}

TEST(Lower, StoresEqualConstantsOnce) {
  const auto m = lowered(
      "input %x: f32[2]\n"
      "const %one: f32[2] = 1 1\n"
      "const %bits: i32[2] = 1065353216 1065353216\n"
      "const %two: f32[2] = 2 2\n"
      "%a: f32[2] = aten::maximum(%x, %one)\n"
      "%b: f32[2] = aten::minimum(%a, %two)\n"
      "%c: f32[2] = etc::cast(%bits, 8)\n"
      "output \"b\" = %b\n"
      "output \"c\" = %c\n");
  EXPECT_EQ(m.plan.constants.size(), 2u);
  EXPECT_EQ(m.plan.constants[1].offset, 64u);
}

TEST(Lower, GivesEachOutputABufferOfItsOwn) {
  const auto m = lowered(
      "input %x: f32[2,3]\n"
      "const %k: f32[2] = 1 2\n"
      "%y: f32[2,3] = aten::tanh(%x)\n"
      "%t: f32[3,2]{1,3} = etc::view(%y, [3, 2], [1, 3], 0)\n"
      "%flat: f32[6] = etc::view(%y, [6], [1], 0)\n"
      "output \"input\" = %x\n"
      "output \"constant\" = %k\n"
      "output \"flat\" = %flat\n"
      "output \"same\" = %y\n"
      "output \"transposed\" = %t\n");
  EXPECT_EQ(m.copies(), 4u) << "all but the flat one, which shows its whole root";
  EXPECT_EQ(m.method().outputs[2].value, m.id("flat"));
}

TEST(Lower, UpdatesAStateInPlace) {
  const auto m = lowered(
      "input %x: f32[1,4]\n"
      "input %row: i64[]\n"
      "state %cache: f32[8,4] \"cache\" = splat 0\n"
      "%new: f32[8,4] = etc::view_scatter(%cache, %x, [1, 4], [4, 1], 8)\n"
      "%newer: f32[8,4] = etc::view_scatter(%new, %x, [1, 4], [4, 1], 12)\n"
      "%y: f32[8,4] = aten::tanh(%newer)\n"
      "output \"y\" = %y\n"
      "output state %cache = %newer\n");
  EXPECT_EQ(m.copies(), 0u);
  EXPECT_TRUE(m.share_place("cache", "new"));
  EXPECT_TRUE(m.share_place("cache", "newer"));
  EXPECT_EQ(m.location("cache").kind, Location::Kind::State);
}

TEST(Lower, MakesNewStateWhereTheOldOneLayOnceThatIsNotRead) {
  const auto m = lowered(
      "input %x: f32[4]\n"
      "state %mean: f32[4] \"mean\" = splat 0\n"
      "%y: f32[4] = aten::maximum(%x, %mean)\n"
      "%new: f32[4] = aten::exp(%y)\n"
      "output \"y\" = %y\n"
      "output state %mean = %new\n");
  EXPECT_EQ(m.copies(), 0u);
  EXPECT_TRUE(m.share_place("mean", "new"));
}

TEST(Lower, CopiesNewStateWhenTheOldOneIsStillRead) {
  const auto m = lowered(
      "input %x: f32[4]\n"
      "state %s: f32[4] \"s\" = splat 0\n"
      "%new: f32[4] = aten::exp(%x)\n"
      "%y: f32[4] = aten::maximum(%new, %s)\n"
      "output \"y\" = %y\n"
      "output state %s = %new\n");
  EXPECT_EQ(m.copies(), 1u);
  EXPECT_FALSE(m.share_place("s", "new"));
}

TEST(Lower, SwapsStatesThroughATemporary) {
  const auto m = lowered(
      "state %a: f32[4] \"a\" = splat 1\n"
      "state %b: f32[4] \"b\" = splat 2\n"
      "output state %a = %b\n"
      "output state %b = %a\n");
  EXPECT_EQ(m.copies(), 3u);
}

TEST(Lower, ShiftsStatesWithoutATemporary) {
  const auto m = lowered(
      "input %x: f32[4]\n"
      "state %a: f32[4] \"a\" = splat 1\n"
      "state %b: f32[4] \"b\" = splat 2\n"
      "output state %a = %x\n"
      "output state %b = %a\n");
  EXPECT_EQ(m.copies(), 2u);
}

TEST(Lower, CopiesAStateOntoItselfTransposedThroughATemporary) {
  const auto m = lowered(
      "state %a: f32[2,2] \"a\" = 1 2 3 4\n"
      "%t: f32[2,2]{1,2} = etc::view(%a, [2, 2], [1, 2], 0)\n"
      "output state %a = %t\n");
  EXPECT_EQ(m.copies(), 2u);
}

TEST(Lower, GivesTheOldStateOutBeforeItIsOverwritten) {
  const auto m = lowered(
      "input %x: f32[1,4]\n"
      "state %cache: f32[2,4] \"cache\" = splat 0\n"
      "%new: f32[2,4] = etc::view_scatter(%cache, %x, [1, 4], [4, 1], 0)\n"
      "output \"old\" = %cache\n"
      "output state %cache = %new\n");
  EXPECT_EQ(m.copies(), 1u);
  EXPECT_TRUE(m.share_place("cache", "new"));
}

TEST(Lower, WritesAMutatedInputInPlaceAndKeepsIt) {
  const auto m = lowered(
      "input %x: f32[4]\n"
      "input %unused: f32[4]\n"
      "%y: f32[4] = aten::tanh(%x)\n"
      "output input %x = %y\n");
  EXPECT_TRUE(m.share_place("x", "y"));
  EXPECT_TRUE(m.method().inputs[0].written);
  EXPECT_FALSE(m.method().inputs[1].written);
  EXPECT_EQ(m.buffer("x").last, 1);
  EXPECT_EQ(m.copies(), 0u);
}

TEST(Lower, CopiesAValueThatIsBothStateAndOutput) {
  const auto m = lowered(
      "input %x: f32[4]\n"
      "state %s: f32[4] \"s\" = splat 0\n"
      "state %r: f32[4] \"r\" = splat 0\n"
      "%y: f32[4] = aten::tanh(%x)\n"
      "output \"y\" = %y\n"
      "output state %s = %y\n"
      "output state %r = %y\n");
  EXPECT_EQ(m.copies(), 2u);
}

TEST(Lower, HandlesEmptyTensors) {
  lowered(
      "input %x: f32[0,4]\n"
      "state %s: f32[0] \"s\" = \n"
      "%y: f32[0,4] = aten::tanh(%x)\n"
      "output \"y\" = %y\n");
}

TEST(Lower, SharesStatesAndConstantsBetweenMethods) {
  Model model;
  const std::string head = "state %s: f32[4] \"s\" = splat 1\nconst %k: f32[4] = splat 2\n";
  model.methods.push_back(parse_graph("graph read {\n" + head + "%y: f32[4] = aten::maximum(%s, %k)\noutput \"y\" = %y\n}"));
  model.methods.push_back(parse_graph("graph write {\n" + head + "%y: f32[4] = aten::maximum(%s, %k)\noutput state %s = %y\n}"));
  ProgramPlan plan = lower(model);
  plan_memory(plan);
  EXPECT_EQ(plan.states.size(), 1u);
  EXPECT_EQ(plan.constants.size(), 2u);
  EXPECT_EQ(faults_of(plan), "");
}

TEST(Lower, RefusesMethodsThatDisagreeAboutAState) {
  Model model;
  model.methods.push_back(parse_graph("graph a { state %s: f32[4] \"s\" = splat 1\n}"));
  model.methods.push_back(parse_graph("graph b { state %s: f32[4] \"s\" = splat 2\n}"));
  EXPECT_THROW(lower(model), CompileError);
}

TEST(Assign, ReusesBytesOfWhatHasDied) {
  const std::string lines =
      "input %x: f32[64]\n"
      "%a: f32[64] = aten::tanh(%x)\n"
      "%b: f32[64] = etc::copy(%a)\n"
      "%c: f32[64] = etc::copy(%b)\n"
      "%d: f32[64] = etc::copy(%c)\n"
      "output \"d\" = %d\n";
  const auto m = lowered(lines, {{}, false, true});
  EXPECT_EQ(m.method().pools[0].bytes, 512u);
  EXPECT_EQ(m.method().pools[0].lower_bound, 512u);
  EXPECT_EQ(lowered(lines, {{}, false, false}).method().pools[0].bytes, 5 * 256u);
}

TEST(Assign, FillsPoolsInOrder) {
  const std::string lines =
      "input %x: f32[64]\n"
      "%a: f32[256] = aten::cat([%x, %x, %x, %x], 0)\n"
      "%b: f32[256] = aten::tanh(%a)\n"
      "output \"b\" = %b\n";
  const auto m = lowered(lines, {{{"fast", 300}, {"slow", UINT64_MAX}}, false, true});
  EXPECT_EQ(m.buffer("x").pool, 0u);
  EXPECT_EQ(m.buffer("a").pool, 1u);
  EXPECT_LE(m.method().pools[0].bytes, 300u);
  EXPECT_THROW(PlannedModel(lines, {{{"fast", 300}}, false, true}), CompileError);
}

}  // namespace
}  // namespace etc::compile
