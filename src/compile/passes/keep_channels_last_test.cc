// keep-channels-last computes permuted images as they lie.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

// %image is what a convolution over packed weights leaves, %x how its users see it.
constexpr char kImage[] = R"(
    symbol n in [1,8]
    input %image: f32[n,4,5,3]
    %x: f32[n,3,4,5]{60,1,15,3} = etc::view(%image, [n, 3, 4, 5], [60, 1, 15, 3], 0)
)";

TEST(KeepChannelsLast, LeavesNothingBetweenConvolutions) {
  expect_pass("keep-channels-last", std::string(kImage) + R"(
    %y: f32[n,3,4,5] = aten::relu(%x)
    %next: f32[n,4,5,3]{60,5,1,20} = etc::view(%y, [n, 4, 5, 3], [60, 5, 1, 20], 0)
    %z: f32[n,4,5,3] = aten::neg(%next)
    output "z" = %z
  )",
              R"(
    symbol n in [1,8]
    input %image: f32[n,4,5,3]
    %y_nhwc: f32[n,4,5,3] = aten::relu(%image)
    %next: f32[n,4,5,3] = etc::view(%y_nhwc, [n, 4, 5, 3], [60, 15, 3, 1], 0)
    %z: f32[n,4,5,3] = aten::neg(%next)
    output "z" = %z
  )");
}

TEST(KeepChannelsLast, PermutesWhatIsBroadcast) {
  expect_pass("keep-channels-last", std::string(kImage) + R"(
    input %scale: f32[n,3,1,1]
    input %row: f32[5]
    const %one: f32[1] = 2
    %a: f32[n,3,4,5] = aten::mul.Tensor(%x, %scale)
    %b: f32[n,3,4,5] = aten::add.Tensor(%a, %row, 1)
    %c: f32[n,3,4,5] = aten::div.Tensor(%b, %one)
    output "c" = %c
  )",
              R"(
    symbol n in [1,8]
    input %image: f32[n,4,5,3]
    input %scale: f32[n,3,1,1]
    input %row: f32[5]
    const %one: f32[1] = 2
    %a_1: f32[n,1,1,3] = etc::view(%scale, [n, 1, 1, 3], [3, 3, 3, 1], 0)
    %a_nhwc: f32[n,4,5,3] = aten::mul.Tensor(%image, %a_1)
    %b_4: f32[1,1,5,1] = etc::view(%row, [1, 1, 5, 1], [5, 5, 1, 1], 0)
    %b_nhwc: f32[n,4,5,3] = aten::add.Tensor(%a_nhwc, %b_4, 1)
    %c_nhwc: f32[n,4,5,3] = aten::div.Tensor(%b_nhwc, %one)
    %c: f32[n,3,4,5]{60,1,15,3} = etc::view(%c_nhwc, [n, 3, 4, 5], [60, 1, 15, 3], 0)
    output "c" = %c
  )");
}

TEST(KeepChannelsLast, JoinsAndPads) {
  expect_pass("keep-channels-last", std::string(kImage) + R"(
    %twice: f32[n,6,4,5] = aten::cat([%x, %x], -3)
    %padded: f32[n,6,5,8] = aten::constant_pad_nd(%twice, [1, 2, 0, 1], 0.0)
    output "padded" = %padded
  )",
              R"(
    symbol n in [1,8]
    input %image: f32[n,4,5,3]
    %twice_nhwc: f32[n,4,5,6] = aten::cat([%image, %image], 3)
    %padded_nhwc: f32[n,5,8,6] = aten::constant_pad_nd(%twice_nhwc, [0, 0, 1, 2, 0, 1, 0, 0], 0.0)
    %padded: f32[n,6,5,8]{240,1,48,6} = etc::view(%padded_nhwc, [n, 6, 5, 8], [240, 1, 48, 6], 0)
    output "padded" = %padded
  )");
}

TEST(KeepChannelsLast, KeepsWhatMostlyLiesOtherwise) {
  expect_unchanged("keep-channels-last", std::string(kImage) + R"(
    input %u: f32[n,3,4,5]
    input %v: f32[n,3,4,5]
    %both: f32[n,3,4,5] = aten::lerp.Tensor(%u, %v, %x)
    %alone: f32[n,3,4,5] = aten::relu(%u)
    output "both" = %both
    output "alone" = %alone
  )");
}

// A sequence seen the other way is no image: a tie between it and what lies as it is seen is not decided for the view.
TEST(KeepChannelsLast, LeavesTransposedViews) {
  expect_unchanged("keep-channels-last", R"(
    input %u: f32[1,4,5]
    input %v: f32[1,5,4]
    %s: f32[1,4,5] = aten::exp(%u)
    %t: f32[1,5,4]{20,1,5} = etc::view(%s, [1, 5, 4], [20, 1, 5], 0)
    %sum: f32[1,5,4] = aten::add.Tensor(%t, %v, 1)
    output "sum" = %sum
  )");
}

}  // namespace
}  // namespace etc::compile
