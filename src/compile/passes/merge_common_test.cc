// merge-common computes equal things once.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

TEST(MergeCommon, MergesChainsOfEqualNodes) {
  expect_pass("merge-common", R"(
    input %x: f32[2]
    %a: f32[2] = aten::relu(%x)
    %b: f32[2] = aten::relu(%x)
    %va: f32[1] = etc::view(%a, [1], [1], 1)
    %vb: f32[1] = etc::view(%b, [1], [1], 1)
    %y: f32[1] = aten::mul.Tensor(%va, %vb)
    output "y" = %y
    output "b" = %b
  )",
              R"(
    input %x: f32[2]
    %a: f32[2] = aten::relu(%x)
    %va: f32[1] = etc::view(%a, [1], [1], 1)
    %y: f32[1] = aten::mul.Tensor(%va, %va)
    output "y" = %y
    output "b" = %a
  )");
}

TEST(MergeCommon, TellsArgumentsAndExternalOpsApart) {
  expect_unchanged("merge-common", R"(
    input %x: f32[2,2]
    %a: f32[4] = etc::view(%x, [4], [1], 0)
    %b: f32[2,2] = aten::flip(%x, [0])
    %c: f32[2,2] = aten::flip(%x, [1])
    %d: f32[2] = extern my::noise(x=%x)
    %e: f32[2] = extern my::noise(x=%x)
    output "a" = %a
    output "b" = %b
    output "c" = %c
    output "d" = %d
    output "e" = %e
  )");
}

}  // namespace
}  // namespace etc::compile
