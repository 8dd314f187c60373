// remove-noops removes exact identities, and only those.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

// `line` makes %y: f32[2] from %x: f32[2] (and a few constants); true when the pass finds that %y is %x.
bool is_noop(const std::string& line) {
  const std::string text = after("remove-noops", R"(
    input %x: f32[2]
    const %one: f32[] = 1
    const %ones: f32[2] = splat 1
    const %mixed: f32[2] = 1 2
    const %zero: f32[] = 0
    const %minus_zero: f32[] = -0
    const %none: f32[0] =
    )" + line + "\n output \"y\" = %y\n");
  return text.find("output \"y\" = %x") != std::string::npos;
}

TEST(RemoveNoops, KnowsExactIdentities) {
  EXPECT_TRUE(is_noop("%y: f32[2] = aten::mul.Tensor(%x, %one)"));
  EXPECT_TRUE(is_noop("%y: f32[2] = aten::mul.Tensor(%ones, %x)"));
  EXPECT_TRUE(is_noop("%y: f32[2] = aten::div.Tensor(%x, %one)"));
  EXPECT_TRUE(is_noop("%y: f32[2] = aten::sub.Tensor(%x, %zero, 1)"));
  EXPECT_TRUE(is_noop("%y: f32[2] = aten::add.Tensor(%x, %minus_zero, 1)"));
  EXPECT_TRUE(is_noop("%y: f32[2] = etc::cast(%x, 8)"));
  EXPECT_TRUE(is_noop("%y: f32[2] = etc::view(%x, [2], [1], 0)"));
  EXPECT_TRUE(is_noop("%y: f32[2] = aten::cat([%none, %x], 0)"));
}

TEST(RemoveNoops, KeepsWhatChangesABit) {
  EXPECT_FALSE(is_noop("%y: f32[2] = aten::add.Tensor(%x, %zero, 1)"));  // -0.0 + 0.0 is 0.0
  EXPECT_FALSE(is_noop("%y: f32[2] = aten::sub.Tensor(%x, %minus_zero, 1)"));
  EXPECT_FALSE(is_noop("%y: f32[2] = aten::sub.Tensor(%zero, %x, 1)"));
  EXPECT_FALSE(is_noop("%y: f32[2] = aten::div.Tensor(%one, %x)"));
  EXPECT_FALSE(is_noop("%y: f32[2] = aten::mul.Tensor(%x, %mixed)"));
  EXPECT_FALSE(is_noop("%y: f32[2]{0} = etc::view(%x, [2], [0], 0)"));
}

TEST(RemoveNoops, KeepsOpsThatBroadcast) {
  expect_unchanged("remove-noops", R"(
    input %x: f32[2]
    const %ones: f32[3,2] = splat 1
    %y: f32[3,2] = aten::mul.Tensor(%x, %ones)
    output "y" = %y
  )");
}

TEST(RemoveNoops, ShortensExactCasts) {
  expect_pass("remove-noops", R"(
    input %x: f16[2]
    input %i: i64[2]
    %wide: f32[2] = etc::cast(%x, 8)
    %back: f16[2] = etc::cast(%wide, 6)
    %narrow: f32[2] = etc::cast(%i, 8)
    %lost: i64[2] = etc::cast(%narrow, 5)
    output "x" = %back
    output "i" = %lost
  )",
              R"(
    input %x: f16[2]
    input %i: i64[2]
    %narrow: f32[2] = etc::cast(%i, 8)
    %lost: i64[2] = etc::cast(%narrow, 5)
    output "x" = %x
    output "i" = %lost
  )");
}

}  // namespace
}  // namespace etc::compile
