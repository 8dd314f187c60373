// fuse-pointwise makes programs of elementwise ops that feed each other.
#include "ops/cpu/pointwise.h"
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

using cpu::encode;
using cpu::Opcode;

// "%y: f32[8,4] = etc::pointwise(%x, [%z], reals[2.0], [0, 258])"
std::string pointwise(const std::string& result, const std::string& self, const std::string& others, const std::string& numbers,
                      const std::vector<int64_t>& program) {
  std::string text;
  for (int64_t instruction : program) {
    if (!text.empty()) text += ", ";
    text += std::to_string(instruction);
  }
  return result + " = etc::pointwise(" + self + ", " + others + ", " + numbers + ", [" + text + "])\n";
}

constexpr char kInputs[] = "input %x: f32[8,4]\ninput %y: f32[8,4]\ninput %row: f32[4]\ninput %one: f32[]\n";

TEST(FusePointwise, AChain) {
  expect_pass("fuse-pointwise", std::string(kInputs) + R"(
    %a: f32[8,4] = aten::add.Tensor(%x, %y, 1)
    %b: f32[8,4] = aten::exp(%a)
    %c: f32[8,4] = aten::sub.Tensor(%row, %b, 1)
    %d: f32[8,4] = aten::div.Tensor(%c, %one)
    %e: f32[8,4] = aten::clamp(%d, -1, 1.5)
    output "e" = %e
  )",
              kInputs +
                  pointwise("%e: f32[8,4]", "%x", "[%y, %row, %one]", "[-1.0, 1.5]",
                            {encode(Opcode::Load, 0), encode(Opcode::Add, 1), encode(Opcode::Exp), encode(Opcode::SubFrom, 2),
                             encode(Opcode::Div, 3), encode(Opcode::AtLeast, 4), encode(Opcode::AtMost, 5)}) +
                  "output \"e\" = %e\n");
}

TEST(FusePointwise, ProductsWithSums) {
  expect_pass("fuse-pointwise", std::string(kInputs) + R"(
    const %two: f32[] = 2
    const %twos: f32[8,4] = 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2
    %a: f32[8,4] = aten::mul.Tensor(%x, %row)
    %b: f32[8,4] = aten::add.Tensor(%y, %a, 1)
    %c: f32[8,4] = aten::mul.Tensor(%two, %b)
    %d: f32[8,4] = aten::sub.Tensor(%c, %twos, 1)
    %e: f32[8,4] = aten::add.Tensor(%x, %d, 3)
    output "e" = %e
  )",
              kInputs +
                  pointwise("%e: f32[8,4]", "%x", "[%row, %y]", "[2.0, 3.0]",
                            {encode(Opcode::Load, 0), encode(Opcode::MulAdd, 1, 2), encode(Opcode::Mul, 3), encode(Opcode::Sub, 3),
                             encode(Opcode::MulAdd, 4, 0)}) +
                  "output \"e\" = %e\n");
}

TEST(FusePointwise, WhatIsUsedTwiceIsComputedOnce) {
  expect_pass("fuse-pointwise", std::string(kInputs) + R"(
    %a: f32[8,4] = aten::mul.Tensor(%x, %y)
    %b: f32[8,4] = aten::sigmoid(%a)
    %c: f32[8,4] = aten::mul.Tensor(%a, %b)
    %d: f32[8,4] = aten::mul.Tensor(%c, %c)
    output "d" = %d
  )",
              kInputs +
                  pointwise("%d: f32[8,4]", "%x", "[%y]", "reals[]",
                            {encode(Opcode::Load, 0), encode(Opcode::Mul, 1), encode(Opcode::Store, 2), encode(Opcode::Sigmoid),
                             encode(Opcode::Mul, 2), encode(Opcode::Square)}) +
                  "output \"d\" = %d\n");
}

// Of two sides that both have to be computed one waits in a register.
TEST(FusePointwise, Trees) {
  expect_pass("fuse-pointwise", std::string(kInputs) + R"(
    %a: f32[8,4] = aten::add.Tensor(%x, %y, 1)
    %b: f32[8,4] = aten::tanh(%x)
    %c: f32[8,4] = aten::div.Tensor(%a, %b)
    %d: f32[8,4] = aten::neg(%y)
    %e: f32[8,4] = aten::sub.Tensor(%d, %c, 1)
    output "e" = %e
  )",
              kInputs +
                  pointwise("%e: f32[8,4]", "%x", "[%y]", "reals[]",
                            {encode(Opcode::Load, 0), encode(Opcode::Add, 1), encode(Opcode::Store, 2), encode(Opcode::Load, 0),
                             encode(Opcode::Tanh), encode(Opcode::DivInto, 2), encode(Opcode::Store, 2), encode(Opcode::Load, 1),
                             encode(Opcode::Neg), encode(Opcode::Sub, 2)}) +
                  "output \"e\" = %e\n");
}

TEST(FusePointwise, Masks) {
  expect_pass("fuse-pointwise", std::string(kInputs) + R"(
    input %mask: bool[8,1]
    const %zero: f32[] = 0
    %positive: bool[8,4] = aten::gt.Tensor(%x, %zero)
    %both: bool[8,4] = aten::logical_and(%positive, %mask)
    %a: f32[8,4] = aten::exp(%y)
    %b: f32[8,4] = aten::where.self(%both, %a, %zero)
    output "b" = %b
  )",
              kInputs + std::string("input %mask: bool[8,1]\n") +
                  pointwise("%b: f32[8,4]", "%y", "[%x, %mask]", "[0.0]",
                            {encode(Opcode::Load, 0), encode(Opcode::Exp), encode(Opcode::Store, 4), encode(Opcode::Load, 1),
                             encode(Opcode::Greater, 3), encode(Opcode::Mul, 2), encode(Opcode::Select, 4, 3)}) +
                  "output \"b\" = %b\n");
}

TEST(FusePointwise, BoundsThatAreTensors) {
  expect_pass("fuse-pointwise", std::string(kInputs) + R"(
    %a: f32[8,4] = aten::clamp.Tensor(%x, %row, %one)
    %b: f32[8,4] = aten::clamp.Tensor(%a, none, %y)
    output "b" = %b
  )",
              kInputs +
                  pointwise("%b: f32[8,4]", "%x", "[%row, %one, %y]", "reals[]",
                            {encode(Opcode::Load, 0), encode(Opcode::Maximum, 1), encode(Opcode::Minimum, 2), encode(Opcode::Minimum, 3)}) +
                  "output \"b\" = %b\n");
}

// A mask that others see is none of ours.
TEST(FusePointwise, LeavesMasksAsResults) {
  expect_unchanged("fuse-pointwise", std::string(kInputs) + R"(
    %a: f32[8,4] = aten::neg(%x)
    %b: bool[8,4] = aten::gt.Tensor(%a, %y)
    %c: bool[8,4] = aten::logical_not(%b)
    output "c" = %c
  )");
}

// The result may take the place of what dies.
TEST(FusePointwise, TheOperandThatEndsComesFirst) {
  expect_pass("fuse-pointwise", std::string(kInputs) + R"(
    %s: f32[8,4] = aten::cumsum(%x, 1, none)
    %a: f32[8,4] = aten::add.Tensor(%x, %row, 1)
    %b: f32[8,4] = aten::mul.Tensor(%a, %s)
    output "b" = %b
  )",
              kInputs + std::string("%s: f32[8,4] = aten::cumsum(%x, 1, none)\n") +
                  pointwise("%b: f32[8,4]", "%s", "[%row, %x]", "reals[]",
                            {encode(Opcode::Load, 2), encode(Opcode::Add, 1), encode(Opcode::Mul, 0)}) +
                  "output \"b\" = %b\n");
}

TEST(FusePointwise, KeepsWhatOthersSee) {
  expect_unchanged("fuse-pointwise", std::string(kInputs) + R"(
    %a: f32[8,4] = aten::exp(%x)
    %b: f32[8,4] = aten::neg(%a)
    %c: f32[8,4] = aten::neg(%y)
    %part: f32[2,4] = etc::view(%c, [2, 4], [4, 1], 0)
    %d: f32[8,4] = aten::exp(%c)
    output "a" = %a
    output "b" = %b
    output "part" = %part
    output "d" = %d
  )");
}

TEST(FusePointwise, LeavesOtherTypesAndSizes) {
  expect_unchanged("fuse-pointwise", R"(
    input %x: f32[1,4]
    input %y: f32[8,4]
    input %z: f64[8,4]
    %a: f32[1,4] = aten::exp(%x)
    %b: f32[8,4] = aten::add.Tensor(%a, %y, 1)
    %c: f64[8,4] = aten::exp(%z)
    %d: f64[8,4] = aten::neg(%c)
    output "b" = %b
    output "d" = %d
  )");
}

// Ops by themselves where there is something to gain.
TEST(FusePointwise, OneOpOfManyElements) {
  expect_pass("fuse-pointwise", "input %x: f32[64,64]\n%y: f32[64,64] = aten::silu(%x)\noutput \"y\" = %y\n",
              "input %x: f32[64,64]\n" +
                  pointwise("%y: f32[64,64]", "%x", "tensors[]", "reals[]", {encode(Opcode::Load, 0), encode(Opcode::Silu)}) +
                  "output \"y\" = %y\n");
}

// Both operands of %a would wait for %c, where now %a does.
TEST(FusePointwise, DoesNotKeepMoreAlive) {
  const std::string before = std::string(kInputs) + R"(
    %p: f32[8,4] = aten::cumsum(%x, 1, none)
    %q: f32[8,4] = aten::cumsum(%y, 1, none)
    %a: f32[8,4] = aten::add.Tensor(%p, %q, 1)
    %b: f32[8,4] = aten::cumsum(%x, 0, none)
    %c: f32[8,4] = aten::mul.Tensor(%a, %b)
    output "c" = %c
  )";
  expect_unchanged("fuse-pointwise", before);
}

// %a reads the state before its new value is there, %c behind it.
TEST(FusePointwise, DoesNotReadAStateLater) {
  expect_unchanged("fuse-pointwise", R"(
    input %x: f32[8,4]
    state %s: f32[8,4] "s" = splat 0
    %a: f32[8,4] = aten::neg(%s)
    %b: f32[8,4] = aten::cumsum(%x, 1, none)
    %c: f32[8,4] = aten::mul.Tensor(%a, %x)
    output "c" = %c
    output state %s = %b
  )");
}

TEST(FusePointwise, SymbolicSizes) {
  const std::string inputs = "symbol n in [1,100]\ninput %x: f32[n,4]\ninput %y: f32[n,1]\n";
  expect_pass(
      "fuse-pointwise", inputs + R"(
    %a: f32[n,4] = aten::mul.Tensor(%x, %y)
    %b: f32[n,4] = aten::relu(%a)
    output "b" = %b
  )",
      inputs +
          pointwise("%b: f32[n,4]", "%x", "[%y]", "[0.0]", {encode(Opcode::Load, 0), encode(Opcode::Mul, 1), encode(Opcode::AtLeast, 2)}) +
          "output \"b\" = %b\n");
}

// More inputs than a program has places for.
TEST(FusePointwise, SplitsWhatIsTooLarge) {
  std::string inputs, sums, last = "%x0";
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i), next = "%s" + n;
    inputs += "input %x" + n + ": f32[8]\n";
    if (i == 0) continue;
    sums += next + ": f32[8] = aten::add.Tensor(" + last + ", %x" + n + ", 1)\n";
    last = next;
  }
  const std::string result = after("fuse-pointwise", inputs + sums + "output \"s\" = " + last + "\n");
  EXPECT_EQ(result.find("aten::"), std::string::npos);
  EXPECT_NE(result.find("etc::pointwise", result.find("etc::pointwise") + 1), std::string::npos);
}

}  // namespace
}  // namespace etc::compile
