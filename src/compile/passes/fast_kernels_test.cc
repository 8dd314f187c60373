// fast-kernels takes ops of f32 for which ops/cpu has a kernel.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

TEST(FastKernels, AttentionGivesHeadsBesideEachOther) {
  expect_pass("fast-kernels", R"(
    symbol n in [1,4]
    input %q: f32[n,6,10,8]
    input %k: f32[n,2,12,8]
    input %v: f32[n,2,12,4]
    %y: f32[n,6,10,4] = aten::scaled_dot_product_attention(%q, %k, %v, none, 0.0, true, none, true)
    %z: f32[n,10,6,4]{240,4,40,1} = etc::view(%y, [n,10,6,4], [240,4,40,1], 0)
    output "z" = %z
  )",
              R"(
    symbol n in [1,4]
    input %q: f32[n,6,10,8]
    input %k: f32[n,2,12,8]
    input %v: f32[n,2,12,4]
    %y_1: f32[n,10,6,4] = etc::fast_attention(%q, %k, %v, none, true, none)
    %z: f32[n,10,6,4] = etc::view(%y_1, [n,10,6,4], [240,24,4,1], 0)
    output "z" = %z
  )");
}

TEST(FastKernels, MasksOfBoolBecomeNumbersOnce) {
  const std::string text = after("fast-kernels", R"(
    input %q: f32[2,3,10,8]
    input %m: bool[10,10]
    %y: f32[2,3,10,8] = aten::scaled_dot_product_attention(%q, %q, %q, %m, 0.0, false, none, false)
    %z: f32[2,3,10,8] = aten::scaled_dot_product_attention(%y, %y, %y, %m, 0.0, false, 0.5, false)
    output "z" = %z
  )");
  EXPECT_NE(text.find("aten::where.self"), text.npos);
  EXPECT_EQ(text.find("aten::where.self"), text.rfind("aten::where.self"));
  EXPECT_EQ(text.find("aten::scaled"), text.npos);
}

TEST(FastKernels, LeaveWhatTheyDoNotTake) {
  // Heads that differ without being grouped, keys that broadcast, another dtype, a mask that repeats along the keys.
  expect_unchanged("fast-kernels", R"(
    input %q: f32[2,4,10,8]
    input %k: f32[1,4,10,8]
    input %d: f64[2,4,10,8]
    input %m: f32[10,1]
    %a: f32[2,4,10,8] = aten::scaled_dot_product_attention(%q, %k, %k, none, 0.0, false, none, false)
    %b: f64[2,4,10,8] = aten::scaled_dot_product_attention(%d, %d, %d, none, 0.0, false, none, false)
    %c: f32[2,4,10,8] = aten::scaled_dot_product_attention(%q, %q, %q, %m, 0.0, false, none, false)
    output "a" = %a
    output "b" = %b
    output "c" = %c
  )");
}

TEST(FastKernels, NormsOfTheLastDimension) {
  expect_pass("fast-kernels", R"(
    input %x: f32[2,3,8]
    const %w: f32[8] = 1 2 3 4 5 6 7 8
    (%y: f32[2,3,8], %m: f32[2,3,1], %s: f32[2,3,1]) = aten::native_layer_norm(%x, [8], %w, none, 1e-05)
    %z: f32[2,3,8] = aten::rms_norm(%y, [8], none, 0.5)
    output "z" = %z
  )",
              R"(
    input %x: f32[2,3,8]
    const %w: f32[8] = 1 2 3 4 5 6 7 8
    %y: f32[2,3,8] = etc::fast_layer_norm(%x, %w, none, 1e-05)
    %z: f32[2,3,8] = etc::fast_rms_norm(%y, none, 0.5)
    output "z" = %z
  )");
  // Its moments are used, or it goes over two dimensions.
  expect_unchanged("fast-kernels", R"(
    input %x: f32[2,3,8]
    (%y: f32[2,3,8], %m: f32[2,3,1], %s: f32[2,3,1]) = aten::native_layer_norm(%x, [8], none, none, 1e-05)
    %z: f32[2,3,8] = aten::rms_norm(%y, [3, 8], none, 0.5)
    output "z" = %z
    output "m" = %m
  )");
}

}  // namespace
}  // namespace etc::compile
