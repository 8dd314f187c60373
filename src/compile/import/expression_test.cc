// srepr and guards: what .pt2 files write of sizes.
#include "import/expression.h"

#include <gtest/gtest.h>

#include "import/guards.h"
#include "ir/error.h"

namespace etc::compile {
namespace {

SymRef symbol(const std::string& name, bool is_integer) {
  return sym_symbol(std::make_shared<const Symbol>(Symbol{name, 1, 64, !is_integer}));
}

std::string read(const std::string& text) {
  const SymRef n = parse_expression(text, symbol, [](const std::string& name, const std::vector<SymRef>& args) {
    return sym_symbol(std::make_shared<const Symbol>(Symbol{name + "(" + args[0]->text + ")", 0, 0, true}));
  });
  return n ? n->text : "nothing";
}

TEST(Expression, ReadsIntegers) {
  EXPECT_EQ(read("Mul(Integer(24), Symbol('s31', positive=True, integer=True))"), "24*s31");
  EXPECT_EQ(read("Add(FloorDiv(Add(Symbol('s8', positive=True, integer=True), Integer(-1)), Integer(2)), Integer(1))"), "((s8+1)//2)");
  EXPECT_EQ(read("Max(Integer(1), Symbol('s0', positive=True, integer=True))"), "s0");
  EXPECT_EQ(read("Pow(Symbol('s0', integer=True), Integer(2))"), "s0*s0");
}

TEST(Expression, ReadsRationals) {
  EXPECT_EQ(read("Add(Mul(Rational(1, 2), Mul(Integer(4), Symbol('s0', integer=True))), Integer(1))"), "2*s0+1");
  EXPECT_EQ(read("Mul(Integer(6), Symbol('s0', integer=True), Pow(Integer(3), Integer(-1)))"), "2*s0");
}

TEST(Expression, ReadsReals) {
  EXPECT_EQ(read("TruncToInt(Mul(Float('1.5', precision=53), ToFloat(Symbol('s21', positive=True, integer=True))))"),
            "trunc(rmul(1.5,real(s21)))");
  EXPECT_EQ(read("OpaqueUnaryFn_sqrt(ToFloat(Symbol('s0', integer=True)))"), "sqrt(real(s0))");
  EXPECT_EQ(read("Symbol('zuf0')"), "zuf0");
}

TEST(Expression, ReadsChoices) {
  EXPECT_EQ(read("Piecewise(ExprCondPair(Integer(2), StrictGreaterThan(Symbol('s0', integer=True), Integer(5))), "
                 "ExprCondPair(Integer(3), true))"),
            "select(2,3,lt(5,s0))");
  EXPECT_EQ(read("Equality(Mod(Symbol('s0', integer=True), Integer(2)), Integer(0))"), "eq(0,mod(s0,2))");
}

TEST(Expression, SaysWhatItCannotRead) {
  EXPECT_THROW(read("Foo(Integer(1), Integer(2))"), CompileError);
  EXPECT_THROW(read("Add(Integer(1)"), CompileError);
  EXPECT_THROW(read("Integer(1) Integer(2)"), CompileError);
  EXPECT_THROW(read(""), CompileError);
}

TEST(Expression, WaitsForSymbols) {
  EXPECT_EQ(parse_expression("Add(Symbol('u0', integer=True), Integer(1))", [](const std::string&, bool) { return SymRef(); },
                             [](const std::string&, const std::vector<SymRef>&) { return SymRef(); }),
            nullptr);
}

std::optional<SymInt> guard(const std::string& text) {
  return parse_guard(text, [](const std::string& input, int64_t axis) -> std::optional<SymInt> {
    if (input == "unknown") return std::nullopt;
    return SymInt(symbol(input + std::to_string(axis), true));
  });
}

TEST(Guards, ReadsConditions) {
  EXPECT_EQ(to_string(*guard("L['x'].size()[0] == ((-1) + L['y'].size()[0])")), "eq(x0,y0-1)");
  EXPECT_EQ(to_string(*guard("L['a'][0].size()[1] % 4 == 0")), "eq(0,mod(a.01,4))");
  EXPECT_EQ(to_string(*guard("L['n'] >= 0 and L['n'] <= 9")), "and(1,le(n-1,9))");
}

TEST(Guards, LeavesOutWhatOnlyPyTorchTellsApart) {
  EXPECT_FALSE(guard("(L['x'].size()[0] // 4) != 1"));
  EXPECT_FALSE(guard("2*L['n'] >= 2"));
}

TEST(Guards, LeavesOutWhatItCannotRead) {
  EXPECT_FALSE(guard("math.trunc(1.5*L['x'].size()[0]) == 3"));
  EXPECT_FALSE(guard("L['unknown'].size()[0] == 3"));
  EXPECT_FALSE(guard("L['x'].size()[0] =="));
}

TEST(Guards, FindsDivisors) {
  EXPECT_EQ(parse_divisibility("(L['x'].size()[1] % 8) == 0")->divisor, 8);
  EXPECT_EQ(parse_divisibility("L['x'].size()[0] == (4*(L['x'].size()[0] // 4))")->divisor, 4);
  EXPECT_FALSE(parse_divisibility("L['x'].size()[0] == 4"));
}

}  // namespace
}  // namespace etc::compile
