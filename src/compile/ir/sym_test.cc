// Symbolic integers: canonical form, ranges, questions, evaluation.
#include "ir/sym.h"

#include <gtest/gtest.h>

#include "ir/error.h"

namespace etc::compile {
namespace {

SymInt symbol(const std::string& name, int64_t lower = 2, int64_t upper = 64) {
  return SymInt(std::make_shared<const Symbol>(Symbol{name, lower, upper}));
}

const SymInt s = symbol("s"), t = symbol("t");

TEST(Sym, EqualExpressionsLookEqual) {
  EXPECT_EQ((s + 1) * 2 - s, s + 2);
  EXPECT_EQ((s + t) * (s - t), s * s - t * t);
  EXPECT_EQ(s * t, t * s);
  EXPECT_FALSE(s == t);
}

TEST(Sym, ConstantsAreNumbers) {
  EXPECT_TRUE((s - s).is_fixed());
  EXPECT_EQ(static_cast<int64_t>(s - s + 5), 5);
  EXPECT_EQ(symbol("one", 7, 7), 7);
}

TEST(Sym, DivisionIsExactWhereItCanBe) {
  EXPECT_EQ(floor_div(s * 4, 4), s);
  EXPECT_EQ(floor_div(s * 4 + 3, 4), s);
  EXPECT_EQ(floor_div(s * t + t, t), s + 1);
  EXPECT_EQ(floor_div((s + 1) * (t + 2), t + 2), s + 1);
  EXPECT_EQ(floor_mod(s * 6 + 1, 3), 1);
  EXPECT_EQ(floor_div(floor_div(s, 2), 3), floor_div(s, 6));
}

TEST(Sym, DivisionRoundsDown) {
  const Assignment a{{{"s", 7}}, {}};
  EXPECT_EQ(floor_div(-s, 3).evaluate(a), -3);
  EXPECT_EQ(floor_mod(-s, 3).evaluate(a), 2);
}

TEST(Sym, RangesBoundExpressions) {
  const SymInt n = floor_div(s * 3 - 1, 2);
  EXPECT_EQ(n.lower(), 2);
  EXPECT_EQ(n.upper(), 95);
  EXPECT_EQ((s - t).lower(), -62);
  EXPECT_EQ(sym_min(s, 10).upper(), 10);
  EXPECT_EQ(symbol("open", 0, kNoUpper).upper(), kNoUpper);
  EXPECT_EQ((symbol("open", 0, kNoUpper) * 2 + 1).lower(), 1);
}

TEST(Sym, QuestionsAreDecidedByRanges) {
  EXPECT_TRUE(s > 1);
  EXPECT_TRUE(s < 65);
  EXPECT_TRUE(s - 1 < s);
  EXPECT_TRUE(provably_less_equal(floor_div(s, 2), s));
  EXPECT_THROW((void)(s < t), CompileError);
}

TEST(Sym, ANumberIsRefusedWhereThereIsNone) {
  const auto needs_number = [](int64_t n) { return n; };
  EXPECT_EQ(needs_number(SymInt(3)), 3);
  try {
    needs_number(s * 2);
    FAIL();
  } catch (const CompileError& e) {
    EXPECT_NE(std::string(e.what()).find("2*s"), std::string::npos) << e.what();
  }
}

TEST(Sym, OverflowIsAnError) { EXPECT_THROW((void)(s * INT64_MAX * 2), CompileError); }

TEST(Sym, RealsRound) {
  const SymInt n(sym_apply(SymOp::Trunc, {sym_apply(SymOp::RealMul, {sym_real(1.5), sym_apply(SymOp::ToReal, {s.node()})})}));
  EXPECT_EQ(n.evaluate({{{"s", 7}}, {}}), 10);
  EXPECT_EQ(n.lower(), 3);
  EXPECT_EQ(n.upper(), 96);
}

TEST(Sym, SubstitutionSimplifies) {
  const SymInt n = floor_div(s, 4) * 4;
  const SymInt quads = substitute(n, [](const SymbolRef&) { return (t * 4).node(); });
  EXPECT_EQ(quads, t * 4);
}

}  // namespace
}  // namespace etc::compile
