// pack-weights keeps weights in panels of 16 outputs, the inputs of an output one behind the other.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

// What is after "= " as often as there are panels of `depth` rows: outputs, then zeros.
std::string rows_of(const std::vector<std::vector<int>>& inputs) {
  std::string text;
  for (const std::vector<int>& outputs : inputs)
    for (size_t j = 0; j < 16; ++j) text += " " + std::to_string(j < outputs.size() ? outputs[j] : 0);
  return text;
}

TEST(PackWeights, OfALinearLayer) {
  expect_pass("pack-weights", R"(
    input %x: f32[5,2]
    const %w: f32[3,2] = 1 2 3 4 5 6
    const %b: f32[3] = 7 8 9
    %y: f32[5,3] = aten::linear(%x, %w, %b)
    output "y" = %y
  )",
              R"(
    input %x: f32[5,2]
    const %b: f32[3] = 7 8 9
    const %w_packed: f32[1,2,16] =)" +
                  rows_of({{1, 3, 5}, {2, 4, 6}}) + R"(
    %y: f32[5,3] = etc::packed_linear(%x, %w_packed, %b, none, 3, "none")
    output "y" = %y
  )");
}

TEST(PackWeights, OfAProductWithAConstantMatrix) {
  expect_pass("pack-weights", R"(
    input %x: f32[5,2]
    const %w: f32[2,3] = 1 3 5 2 4 6
    const %b: f32[1,1] = 7
    %y: f32[5,3] = aten::mm(%x, %w)
    %z: f32[5,3] = aten::addmm(%b, %x, %w, 1, 1)
    output "y" = %y
    output "z" = %z
  )",
              R"(
    input %x: f32[5,2]
    const %b: f32[1,1] = 7
    const %w_packed: f32[1,2,16] =)" +
                  rows_of({{1, 3, 5}, {2, 4, 6}}) + R"(
    %y: f32[5,3] = etc::packed_linear(%x, %w_packed, none, none, 3, "none")
    %z_2: f32[3]{0} = etc::view(%b, [3], [0], 0)
    %z: f32[5,3] = etc::packed_linear(%x, %w_packed, %z_2, none, 3, "none")
    output "y" = %y
    output "z" = %z
  )");
}

// What is left of a linear layer over many dimensions in core ATen.
TEST(PackWeights, OfABatchOfProductsWithOneMatrix) {
  expect_pass("pack-weights", R"(
    symbol n in [1,8]
    input %x: f32[n,5,2]
    const %w: f32[3,2] = 1 2 3 4 5 6
    %t: f32[n,2,3]{0,1,2} = etc::view(%w, [n, 2, 3], [0, 1, 2], 0)
    %y: f32[n,5,3] = aten::bmm(%x, %t)
    output "y" = %y
  )",
              R"(
    symbol n in [1,8]
    input %x: f32[n,5,2]
    const %w_packed: f32[1,2,16] =)" +
                  rows_of({{1, 3, 5}, {2, 4, 6}}) + R"(
    %y: f32[n,5,3] = etc::packed_linear(%x, %w_packed, none, none, 3, "none")
    output "y" = %y
  )");
}

TEST(PackWeights, OfAConvolutionOverPermutedImages) {
  // Weight [out, in, 1, kw]; an input of an output is (kw, in), in fastest.
  expect_pass("pack-weights", R"(
    symbol n in [1,8]
    input %x: f32[n,2,4,5]
    const %w: f32[3,2,1,1] = 1 2 3 4 5 6
    const %b: f32[3] = 7 8 9
    const %v: f32[1,3,1,2] = 1 2 3 4 5 6
    %y: f32[n,3,2,3] = aten::convolution(%x, %w, %b, [2], [0, 0], [1, 1], false, [0, 0], 1)
    %z: f32[n,1,2,2] = aten::convolution(%y, %v, none, [1, 1], [0, 0], [1, 1], false, [0, 0], 1)
    output "y" = %y
    output "z" = %z
  )",
              R"(
    symbol n in [1,8]
    input %x: f32[n,2,4,5]
    const %b: f32[3] = 7 8 9
    const %w_packed: f32[1,2,16] =)" +
                  rows_of({{1, 3, 5}, {2, 4, 6}}) + R"(
    const %v_packed: f32[1,6,16] =)" +
                  rows_of({{1}, {3}, {5}, {2}, {4}, {6}}) + R"(
    %y_1: f32[n,4,5,2]{40,5,1,20} = etc::view(%x, [n, 4, 5, 2], [40, 5, 1, 20], 0)
    %y_nhwc: f32[n,2,3,3] = etc::packed_conv2d(%y_1, %w_packed, %b, none, 3, [1, 1], [2, 2], [0, 0], [1, 1], "none")
    %y: f32[n,3,2,3]{18,1,9,3} = etc::view(%y_nhwc, [n, 3, 2, 3], [18, 1, 9, 3], 0)
    %z_nhwc: f32[n,2,2,1] = etc::packed_conv2d(%y_nhwc, %v_packed, none, none, 1, [1, 2], [1, 1], [0, 0], [1, 1], "none")
    %z: f32[n,1,2,2] = etc::view(%z_nhwc, [n, 1, 2, 2], [4, 4, 2, 1], 0)
    output "y" = %y
    output "z" = %z
  )");
}

TEST(PackWeights, OfAConvolutionAlongOneDimension) {
  expect_pass("pack-weights", R"(
    input %x: f32[1,2,5]
    const %w: f32[2,1,1] = 1 2
    %y: f32[1,2,3] = aten::convolution(%x, %w, none, [2], [0], [1], false, [0], 2)
    output "y" = %y
  )",
              R"(
    input %x: f32[1,2,5]
    const %w_packed: f32[1,1,16] =)" +
                  rows_of({{1, 2}}) + R"(
    %y_2: f32[1,1,5,2]{5,5,1,5} = etc::view(%x, [1, 1, 5, 2], [5, 5, 1, 5], 0)
    %y_nhwc: f32[1,1,3,2] = etc::packed_depthwise2d(%y_2, %w_packed, none, [1, 1], [1, 2], [0, 0], [1, 1], "none")
    %y: f32[1,2,3]{2,1,2} = etc::view(%y_nhwc, [1, 2, 3], [2, 1, 2], 0)
    output "y" = %y
  )");
}

// More pixels than a block can point to one by one, but a patch that lies within the image is read by lines.
TEST(PackWeights, OfLargePatches) {
  std::string weight;
  for (int i = 0; i < 9 * 8; ++i) weight += " 1";
  const auto convolution = [&](const std::string& padding, int wide) {
    return parse_graph("graph g {\ninput %x: f32[1,1,9,16]\nconst %w: f32[1,1,9,8] =" + weight + "\n%y: f32[1,1,1," + std::to_string(wide) +
                       "] = aten::convolution(%x, %w, none, [8], [0, " + padding + "], [1], false, [0], 1)\noutput \"y\" = %y\n}\n");
  };
  Graph patches = convolution("0", 2), padded = convolution("1", 2);
  EXPECT_TRUE(run_pass(find_pass("pack-weights"), patches));
  verify(patches, "pack-weights");
  EXPECT_FALSE(run_pass(find_pass("pack-weights"), padded));
}

// A table that nothing but embeddings and the linear layer uses.
TEST(PackWeights, SharesATableWithTheLinearLayer) {
  const auto tied = [](const std::string& matrix, const std::string& product, const std::string& other) {
    return R"(
    input %i: i64[4]
    input %x: f32[5,2]
    const %w: f32[3,2] = 1 2 3 4 5 6
    %e: f32[4,2] = aten::embedding(%w, %i, -1, false, false)
)" + matrix +
           "    %y: f32[5,3] = " + product + R"(
    output "e" = %e
    output "y" = %y
)" + other;
  };
  const std::string linear = "aten::linear(%x, %w, none)", transposed = "    %t: f32[2,3]{1,2} = etc::view(%w, [2, 3], [1, 2], 0)\n";
  const std::string packed = R"(
    input %i: i64[4]
    input %x: f32[5,2]
    const %w_packed: f32[1,2,16] =)" +
                             rows_of({{1, 3, 5}, {2, 4, 6}}) + R"(
    %e: f32[4,2] = etc::packed_embedding(%w_packed, %i, 3)
    %y: f32[5,3] = etc::packed_linear(%x, %w_packed, none, none, 3, "none")
    output "e" = %e
    output "y" = %y
  )";
  expect_pass("pack-weights", tied("", linear, ""), packed);
  expect_pass("pack-weights", tied(transposed, "aten::mm(%x, %t)", ""), packed);
  for (const std::string& apart : {tied("", linear, "    output \"w\" = %w\n"),
                                   tied("    %t: f32[3,2]{1,3} = etc::view(%w, [3, 2], [1, 3], 0)\n", "aten::linear(%x, %t, none)", "")}) {
    Graph graph = parse_graph("graph g {" + apart + "}\n");
    EXPECT_TRUE(run_pass(find_pass("pack-weights"), graph));
    EXPECT_NE(print_graph(graph).find("aten::embedding(%w"), std::string::npos);
  }
}

// Two results for each pixel: y[2i] = 2 x[i], y[2i + 1] = 3 x[i] + x[i + 1].
TEST(PackWeights, OfATransposedConvolution) {
  expect_pass("pack-weights", R"(
    symbol n in [1,8]
    input %x: f32[1,1,n]
    const %w: f32[1,1,3] = 1 2 3
    const %b: f32[1] = 4
    %y: f32[1,1,2*n] = aten::convolution(%x, %w, %b, [2], [1], [1], true, [1], 1)
    output "y" = %y
  )",
              R"(
    symbol n in [1,8]
    input %x: f32[1,1,n]
    const %w_packed: f32[1,2,16] =)" +
                  rows_of({{2, 3}, {0, 1}}) + R"(
    const %b_packed: f32[2] = 4 4
    %y_2: f32[1,1,n,1] = etc::view(%x, [1, 1, n, 1], [n, n, 1, 1], 0)
    %y_phases: f32[1,1,n,2] = etc::packed_conv2d(%y_2, %w_packed, %b_packed, none, 2, [1, 2], [1, 1], [0, 0, 0, 1], [1, 1], "none")
    %y: f32[1,1,2*n] = etc::view(%y_phases, [1, 1, 2*n], [2*n, 2*n, 1], 0)
    output "y" = %y
  )");
}

// So many outputs that the joined phases are no cheaper: phase after phase, of y[3i] first the tap that x[i - 1] has.
TEST(PackWeights, OfATransposedConvolutionOfPhases) {
  const auto row = [](int k) { return std::vector<int>(16, k); };
  std::string weight;
  for (int i = 0; i < 16; ++i) weight += " 1 2 3 4";
  expect_pass("pack-weights",
              R"(
    input %x: f32[1,1,2]
    const %w: f32[1,16,4] =)" +
                  weight + R"(
    %y: f32[1,16,7] = aten::convolution(%x, %w, none, [3], [0], [1], true, [0], 1)
    output "y" = %y
  )",
              R"(
    input %x: f32[1,1,2]
    const %w_packed: f32[1,4,16] =)" +
                  rows_of({row(4), row(1), row(2), row(3)}) + R"(
    %y_2: f32[1,1,2,1] = etc::view(%x, [1, 1, 2, 1], [2, 2, 1, 1], 0)
    %y_nhwc: f32[1,1,7,16] = etc::packed_conv_transpose2d(%y_2, %w_packed, none, 16, [1, 4], [1, 3], [0, 0], [0, 0], "none")
    %y: f32[1,16,7]{16,1,16} = etc::view(%y_nhwc, [1, 16, 7], [16, 1, 16], 0)
    output "y" = %y
  )");
}

// A window that is none on the permuted result becomes one on a copy.
TEST(PackWeights, CopiesWhatIsReshaped) {
  expect_pass("pack-weights", R"(
    input %x: f32[1,1,2,2]
    const %w: f32[2,1,1,1] = 1 2
    %y: f32[1,2,2,2] = aten::convolution(%x, %w, none, [1], [0], [1], false, [0], 1)
    %flat: f32[8] = etc::view(%y, [8], [1], 0)
    %row: f32[1,2,1,2]{8,4,2,1} = etc::view(%y, [1, 2, 1, 2], [8, 4, 2, 1], 2)
    %s: f32[8] = aten::neg(%flat)
    output "s" = %s
    output "row" = %row
  )",
              R"(
    input %x: f32[1,1,2,2]
    const %w_packed: f32[1,1,16] =)" +
                  rows_of({{1, 2}}) + R"(
    %y_1: f32[1,2,2,1] = etc::view(%x, [1, 2, 2, 1], [4, 2, 1, 1], 0)
    %y_nhwc: f32[1,2,2,2] = etc::packed_conv2d(%y_1, %w_packed, none, none, 2, [1, 1], [1, 1], [0, 0], [1, 1], "none")
    %y: f32[1,2,2,2]{2,1,4,2} = etc::view(%y_nhwc, [1, 2, 2, 2], [2, 1, 4, 2], 0)
    %y_copy: f32[1,2,2,2] = etc::copy(%y)
    %flat: f32[8] = etc::view(%y_copy, [8], [1], 0)
    %row: f32[1,2,1,2]{0,1,0,2} = etc::view(%y_nhwc, [1, 2, 1, 2], [0, 1, 0, 2], 4)
    %s: f32[8] = aten::neg(%flat)
    output "s" = %s
    output "row" = %row
  )");
}

TEST(PackWeights, KeepsWhatIsNoLayer) {
  expect_unchanged("pack-weights", R"(
    input %x: f32[3,2]
    input %m: f32[3,3]
    input %image: f32[1,4,5,5]
    input %given: f32[3,2]
    const %w: f32[2,3] = 1 3 5 2 4 6
    const %groups: f32[4,2,1,1] = 1 2 3 4 5 6 7 8
    %matrix: f32[3,3] = aten::addmm(%m, %x, %w, 1, 1)
    %scaled: f32[3,3] = aten::addmm(%m, %x, %w, 1, 2)
    %weight: f32[3,3] = aten::linear(%x, %given, none)
    %grouped: f32[1,4,5,5] = aten::convolution(%image, %groups, none, [1], [0], [1], false, [0], 2)
    %transposed: f32[1,4,5,5] = aten::convolution(%image, %groups, none, [1], [0], [1], true, [0], 2)
    output "matrix" = %matrix
    output "scaled" = %scaled
    output "weight" = %weight
    output "grouped" = %grouped
    output "transposed" = %transposed
  )");
}

}  // namespace
}  // namespace etc::compile
