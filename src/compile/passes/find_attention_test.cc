// find-attention knows what attention looks like when it is written out.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

// Of one image, two heads, three queries, five keys; all in one layer's result.
constexpr char kOperands[] = R"(
    input %qkv: f32[5,24]
    const %root: f32[] = 0.5
    const %lowest: f32[] = -inf
    const %zero: f32[] = 0
    %q: f32[1,2,3,4]{72,4,24,1} = etc::view(%qkv, [1, 2, 3, 4], [72, 4, 24, 1], 0)
    %k: f32[1,2,4,5]{120,4,1,24} = etc::view(%qkv, [1, 2, 4, 5], [120, 4, 1, 24], 8)
    %v: f32[2,5,4]{4,24,1} = etc::view(%qkv, [2, 5, 4], [4, 24, 1], 16)
)";
constexpr char kScores[] = R"(
    %q_scaled: f32[1,2,3,4] = aten::mul.Tensor(%q, %root)
    %k_scaled: f32[1,2,4,5] = aten::mul.Tensor(%k, %root)
    %q_rows: f32[2,3,4] = etc::view(%q_scaled, [2, 3, 4], [12, 4, 1], 0)
    %k_rows: f32[2,4,5] = etc::view(%k_scaled, [2, 4, 5], [20, 5, 1], 0)
    %dots: f32[2,3,5] = aten::bmm(%q_rows, %k_rows)
    %all: f32[1,2,3,5] = etc::view(%dots, [1, 2, 3, 5], [30, 15, 5, 1], 0)
)";
constexpr char kSafe[] = R"(
    %gone: bool[1,2,3,5] = aten::eq.Tensor(%scores, %lowest)
    %here: bool[1,2,3,5] = aten::logical_not(%gone)
    %some: bool[1,2,3,1] = aten::any.dims(%here, [-1], true)
    %none: bool[1,2,3,1] = aten::logical_not(%some)
    %zeros: f32[1,2,3,5]{0,0,0,0} = etc::view(%zero, [1, 2, 3, 5], [0, 0, 0, 0], 0)
    %safe: f32[1,2,3,5] = aten::where.self(%none, %zeros, %weights)
    %rows: f32[2,3,5] = etc::view(%safe, [2, 3, 5], [15, 5, 1], 0)
)";

// The ops of the graph after the pass, views left out.
std::string ops_after(const std::string& text) {
  Graph graph = parse_graph("graph g {\n" + text + "}\n");
  verify(graph, "the text");
  run_pass(find_pass("find-attention"), graph);
  verify(graph, "find-attention");
  std::string ops;
  for (const auto& node : graph.nodes)
    if (node->op != "etc::view") ops += node->op + "\n";
  return ops;
}

TEST(FindAttention, AsDecomposed) {
  expect_pass("find-attention",
              std::string(kOperands) + kScores + "%weights: f32[1,2,3,5] = aten::_softmax(%all, -1, false)\n" +
                  "%rows: f32[2,3,5] = etc::view(%weights, [2, 3, 5], [15, 5, 1], 0)\n%y: f32[2,3,4] = aten::bmm(%rows, %v)\n" +
                  "output \"y\" = %y\n",
              R"(
    input %qkv: f32[5,24]
    %y_1: f32[1,2,3,4]{8,4,24,1} = etc::view(%qkv, [1, 2, 3, 4], [8, 4, 24, 1], 0)
    %y_3: f32[1,2,5,4]{8,4,24,1} = etc::view(%qkv, [1, 2, 5, 4], [8, 4, 24, 1], 16)
    %y_4: f32[1,2,5,4]{8,4,24,1} = etc::view(%qkv, [1, 2, 5, 4], [8, 4, 24, 1], 8)
    %y_5: f32[1,3,2,4] = etc::fast_attention(%y_1, %y_4, %y_3, none, false, 0.25)
    %y: f32[2,3,4]{4,8,1} = etc::view(%y_5, [2, 3, 4], [4, 8, 1], 0)
    output "y" = %y
  )");
}

TEST(FindAttention, WithAMaskThatMayHideAll) {
  const std::string masked = "input %mask: f32[3,5]\n" + std::string(kOperands) + kScores +
                             "%scores: f32[1,2,3,5] = aten::add.Tensor(%all, %mask, 1)\n"
                             "%weights: f32[1,2,3,5] = aten::_softmax(%scores, 3, false)\n";
  const std::string end = "%y: f32[2,3,4] = aten::bmm(%rows, %v)\noutput \"y\" = %y\n";
  EXPECT_EQ(ops_after(masked + kSafe + end), "etc::fast_attention\n");
  // Rows that see nothing are NaN then.
  const std::string unsafe = masked + "%rows: f32[2,3,5] = etc::view(%weights, [2, 3, 5], [15, 5, 1], 0)\n" + end;
  EXPECT_EQ(ops_after(unsafe).find("fast_attention"), std::string::npos);
}

TEST(FindAttention, LeavesWeightsThatAreWanted) {
  const std::string text = std::string(kOperands) + kScores + "%weights: f32[1,2,3,5] = aten::_softmax(%all, -1, false)\n" +
                           "%rows: f32[2,3,5] = etc::view(%weights, [2, 3, 5], [15, 5, 1], 0)\n%y: f32[2,3,4] = aten::bmm(%rows, %v)\n" +
                           "output \"y\" = %y\noutput \"weights\" = %weights\n";
  EXPECT_EQ(ops_after(text).find("fast_attention"), std::string::npos);
}

}  // namespace
}  // namespace etc::compile
