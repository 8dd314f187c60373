// fold-batch-norm puts statistics into weights; the numbers are worked by hand.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

constexpr char kNorm[] = R"(
    const %gamma: f32[2] = 2 3
    const %beta: f32[2] = 1 -1
    const %mean: f32[2] = 0.5 0.25
    const %var: f32[2] = 3 0
)";

TEST(FoldBatchNorm, IntoAConvolution) {
  // s = 2 / sqrt(3 + 1) = 1 and 3 / sqrt(0 + 1) = 3
  expect_pass("fold-batch-norm",
              std::string(R"(
    input %x: f32[1,1,2]
    const %w: f32[2,1,1] = 4 5)") +
                  kNorm + R"(
    %c: f32[1,2,2] = aten::convolution(%x, %w, none, [1], [0], [1], false, [0], 1)
    (%y: f32[1,2,2], %m: f32[0], %r: f32[0]) = aten::_native_batch_norm_legit_no_training(%c, %gamma, %beta, %mean, %var, 0.1, 1.0)
    output "y" = %y
  )",
              R"(
    input %x: f32[1,1,2]
    const %w_folded: f32[2,1,1] = 4 15
    const %mean_folded: f32[2] = 0.5 -1.75
    %c: f32[1,2,2] = aten::convolution(%x, %w_folded, %mean_folded, [1], [0], [1], false, [0], 1)
    output "y" = %c
  )");
}

TEST(FoldBatchNorm, IntoATransposedConvolutionWithBias) {
  expect_pass("fold-batch-norm",
              std::string(R"(
    input %x: f32[1,2,2]
    const %w: f32[2,2,1] = 1 2 3 4
    const %b: f32[2] = 1 1)") +
                  kNorm + R"(
    %c: f32[1,2,2] = aten::convolution(%x, %w, %b, [1], [0], [1], true, [0], 1)
    (%y: f32[1,2,2], %m: f32[0], %r: f32[0]) = aten::_native_batch_norm_legit_no_training(%c, %gamma, %beta, %mean, %var, 0.1, 1.0)
    output "y" = %y
  )",
              R"(
    input %x: f32[1,2,2]
    const %w_folded: f32[2,2,1] = 1 6 3 12
    const %b_folded: f32[2] = 1.5 1.25
    %c: f32[1,2,2] = aten::convolution(%x, %w_folded, %b_folded, [1], [0], [1], true, [0], 1)
    output "y" = %c
  )");
}

TEST(FoldBatchNorm, IntoALinearLayer) {
  expect_pass("fold-batch-norm",
              std::string(R"(
    input %x: f32[1,1]
    const %w: f32[2,1] = 4 5)") +
                  kNorm + R"(
    %c: f32[1,2] = aten::linear(%x, %w, none)
    (%y: f32[1,2], %m: f32[0], %r: f32[0]) = aten::_native_batch_norm_legit_no_training(%c, none, none, %mean, %var, 0.1, 1.0)
    output "y" = %y
  )",
              R"(
    input %x: f32[1,1]
    const %w_folded: f32[2,1] = 2 5
    const %mean_folded: f32[2] = -0.25 -0.25
    %c: f32[1,2] = aten::linear(%x, %w_folded, %mean_folded)
    output "y" = %c
  )");
}

TEST(FoldBatchNorm, KeepsAResultThatIsUsedTwice) {
  expect_unchanged("fold-batch-norm", R"(
    input %x: f32[1,1,2]
    const %w: f32[2,1,1] = 4 5
    const %gamma: f32[2] = 2 3
    const %beta: f32[2] = 1 -1
    const %mean: f32[2] = 0.5 0.25
    const %var: f32[2] = 3 0
    %c: f32[1,2,2] = aten::convolution(%x, %w, none, [1], [0], [1], false, [0], 1)
    (%y: f32[1,2,2], %m: f32[0], %r: f32[0]) = aten::_native_batch_norm_legit_no_training(%c, %gamma, %beta, %mean, %var, 0.1, 1.0)
    output "y" = %y
    output "c" = %c
  )");
}

TEST(FoldBatchNorm, KeepsWeightsThatTheCallerGives) {
  expect_unchanged("fold-batch-norm", R"(
    input %x: f32[1,1,2]
    input %w: f32[2,1,1]
    const %mean: f32[2] = 0.5 0.25
    const %var: f32[2] = 3 0
    %c: f32[1,2,2] = aten::convolution(%x, %w, none, [1], [0], [1], false, [0], 1)
    (%y: f32[1,2,2], %m: f32[0], %r: f32[0]) = aten::_native_batch_norm_legit_no_training(%c, none, none, %mean, %var, 0.1, 1.0)
    output "y" = %y
  )");
}

}  // namespace
}  // namespace etc::compile
