// fold-constants computes what depends on constants alone, and keeps files small.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

void expect_folds(const std::string& lines, const std::string& expected) { expect_pass("fold-constants", lines, expected); }

TEST(FoldConstants, RunsChainsOfNodes) {
  expect_folds(R"(
    input %x: f32[3]
    const %a: f32[3] = 1 -2 3
    const %b: f32[3] = 10 20 30
    %r: f32[3] = aten::relu(%a)
    %s: f32[3] = aten::mul.Tensor(%r, %b)
    %y: f32[3] = aten::mul.Tensor(%x, %s)
    output "y" = %y
  )",
               R"(
    input %x: f32[3]
    const %s_1: f32[3] "" = 10 0 90
    %y: f32[3] = aten::mul.Tensor(%x, %s_1)
    output "y" = %y
  )");
}

TEST(FoldConstants, ReadsThroughViewsOfConstants) {
  expect_folds(R"(
    const %a: f32[2,2] = 1 2 3 4
    %t: f32[2,2]{1,2} = etc::view(%a, [2, 2], [1, 2], 0)
    %r: f32[2,2] = aten::relu(%t)
    output "y" = %r
  )",
               R"(
    const %r_1: f32[2,2] "" = 1 3 2 4
    output "y" = %r_1
  )");
}

TEST(FoldConstants, LeavesViewsAndInputs) {
  expect_unchanged("fold-constants", R"(
    input %x: f32[2]
    state %s: f32[2] = 0 0
    const %a: f32[2,2] = 1 2 3 4
    %row: f32[2] = etc::view(%a, [2], [1], 2)
    %y: f32[2] = aten::mul.Tensor(%x, %row)
    %z: f32[2] = aten::mul.Tensor(%s, %row)
    output "y" = %y
    output "z" = %z
  )");
}

TEST(FoldConstants, KeepsEqualElementsAsOne) {
  expect_folds(R"(
    input %x: f32[4,1000]
    const %a: f32[4,1000] = splat -1
    %r: f32[4,1000] = aten::neg(%a)
    %y: f32[4,1000] = aten::mul.Tensor(%x, %r)
    output "y" = %y
  )",
               R"(
    input %x: f32[4,1000]
    const %r_1: f32[] "" = 1
    %r_2: f32[4,1000]{0,0} = etc::view(%r_1, [4, 1000], [0, 0], 0)
    %y: f32[4,1000] = aten::mul.Tensor(%x, %r_2)
    output "y" = %y
  )");
}

TEST(FoldConstants, DoesNotMakeHugeConstants) {
  expect_unchanged("fold-constants", R"(
    %a: i64[1000000] = aten::arange.start_step(0, 1000000, 1, 5, none, none, none)
    output "y" = %a
  )");
}

TEST(FoldConstants, LeavesErrorsToTheRun) {
  expect_unchanged("fold-constants", R"(
    const %table: f32[2,1] = 1 2
    const %index: i64[1] = 7
    %y: f32[1,1] = aten::embedding(%table, %index, -1, false, false)
    output "y" = %y
  )");
}

}  // namespace
}  // namespace etc::compile
