// remove-copies uses what is copied, under whatever strides, where views allow it.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

TEST(RemoveCopies, UsesTheOperand) {
  expect_pass("remove-copies", R"(
    input %x: f32[2,3]
    %t: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)
    %c: f32[3,2] = etc::copy(%t)
    %y: f32[3,2] = aten::relu(%c)
    output "y" = %y
    output "c" = %c
  )",
              R"(
    input %x: f32[2,3]
    %t: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)
    %y: f32[3,2] = aten::relu(%t)
    output "y" = %y
    output "c" = %t
  )");
}

TEST(RemoveCopies, ComposesViewsOfTheCopy) {
  // Row 1 of the transposed matrix is a column of the matrix.
  expect_pass("remove-copies", R"(
    input %x: f32[2,3]
    %t: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)
    %c: f32[3,2] = etc::copy(%t)
    %row: f32[2] = etc::view(%c, [2], [1], 2)
    %y: f32[2] = aten::relu(%row)
    output "y" = %y
  )",
              R"(
    input %x: f32[2,3]
    %row: f32[2]{3} = etc::view(%x, [2], [3], 1)
    %y: f32[2] = aten::relu(%row)
    output "y" = %y
  )");
}

TEST(RemoveCopies, KeepsACopyThatIsReshaped) {
  expect_unchanged("remove-copies", R"(
    input %x: f32[2,3]
    %t: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)
    %c: f32[3,2] = etc::copy(%t)
    %flat: f32[6] = etc::view(%c, [6], [1], 0)
    %y: f32[6] = aten::relu(%flat)
    output "y" = %y
  )");
}

}  // namespace
}  // namespace etc::compile
