// find-activations knows what activations look like when they are written out.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

constexpr char kConstants[] =
    "input %x: f32[8]\nconst %half: f32[] = 0.5\nconst %one: f32[] = 1\nconst %three: f32[] = 3\nconst %six: f32[] = 6\nconst %root: f32[] "
    "= "
    "0.70710678\n";

void expect_found(const std::string& lines, const std::string& call) {
  expect_pass("find-activations", kConstants + lines + "output \"y\" = %y\n",
              "input %x: f32[8]\n%y: f32[8] = " + call + "\noutput \"y\" = %y\n");
}

TEST(FindActivations, Silu) {
  for (const char* product : {"%x, %s", "%s, %x"})
    expect_found(std::string("%s: f32[8] = aten::sigmoid(%x)\n%y: f32[8] = aten::mul.Tensor(") + product + ")\n", "aten::silu(%x)");
}

TEST(FindActivations, Hardswish) {
  const std::string shifted = "%a: f32[8] = aten::add.Tensor(%x, %three, 1)\n";
  for (const char* ramp : {"%c: f32[8] = aten::clamp(%a, 0, 6)\n", "%c: f32[8] = aten::hardtanh(%a, 0.0, 6.0)\n",
                           "%b: f32[8] = aten::clamp(%a, 0, none)\n%c: f32[8] = aten::clamp(%b, none, 6)\n"}) {
    expect_found(shifted + ramp + "%p: f32[8] = aten::mul.Tensor(%x, %c)\n%y: f32[8] = aten::div.Tensor(%p, %six)\n",
                 "aten::hardswish(%x)");
    expect_found(shifted + ramp + "%p: f32[8] = aten::div.Tensor(%c, %six)\n%y: f32[8] = aten::mul.Tensor(%p, %x)\n",
                 "aten::hardswish(%x)");
    expect_found(shifted + ramp + "%y: f32[8] = aten::div.Tensor(%c, %six)\n", "aten::hardsigmoid(%x)");
  }
}

TEST(FindActivations, Relu6) {
  expect_found("%a: f32[8] = aten::clamp(%x, 0, none)\n%y: f32[8] = aten::clamp(%a, none, 6)\n", "aten::hardtanh(%x, 0.0, 6.0)");
}

TEST(FindActivations, Gelu) {
  expect_found(R"(
    %a: f32[8] = aten::mul.Tensor(%x, %half)
    %b: f32[8] = aten::mul.Tensor(%x, %root)
    %c: f32[8] = aten::erf(%b)
    %d: f32[8] = aten::add.Tensor(%c, %one, 1)
    %y: f32[8] = aten::mul.Tensor(%a, %d)
  )",
               "aten::gelu(%x, \"none\")");
}

TEST(FindActivations, NotWithOtherNumbersOrUsers) {
  expect_unchanged("find-activations", R"(
    input %x: f32[8]
    const %two: f32[] = 2
    const %six: f32[] = 6
    %a: f32[8] = aten::add.Tensor(%x, %two, 1)
    %b: f32[8] = aten::clamp(%a, 0, 6)
    %c: f32[8] = aten::div.Tensor(%b, %six)
    %s: f32[8] = aten::sigmoid(%x)
    %y: f32[8] = aten::mul.Tensor(%x, %s)
    output "c" = %c
    output "s" = %s
    output "y" = %y
  )");
}

}  // namespace
}  // namespace etc::compile
