// winograd takes packed convolutions of 3 x 3 pixels; the numbers are judged by what both forms compute.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

// Of images of `from` x `from` pixels, to `side` x `side`.
std::string convolution(const std::string& geometry, int channels, int filters, int from, int side) {
  const std::string c = std::to_string(channels), f = std::to_string(filters), rows = std::to_string(9 * channels),
                    panels = std::to_string((filters + 15) / 16);
  std::string weight;
  for (int i = 0; i < (filters + 15) / 16 * 16 * 9 * channels; ++i) weight += " " + std::to_string((i * 37 % 101 - 50) / 64.0);
  const std::string s = std::to_string(side), in = std::to_string(from);
  return "graph g {\ninput %x: f32[1," + in + "," + in + "," + c + "]\ninput %r: f32[1," + s + "," + s + "," + f + "]\nconst %w: f32[" +
         panels + "," + rows + ",16] =" + weight + "\n%y: f32[1," + s + "," + s + "," + f + "] = etc::packed_conv2d(%x, %w, none, %r, " +
         f + ", " + geometry + ", \"relu\")\noutput \"y\" = %y\n}\n";
}

void expect_the_same(int side, int points) {
  const std::string text = convolution("[3, 3], [1, 1], [1, 1], [1, 1]", 32, 40, side, side);
  Graph direct = parse_graph(text), graph = parse_graph(text);
  ASSERT_TRUE(run_pass(find_pass("winograd"), graph));
  verify(graph, "winograd");
  ASSERT_EQ(graph.nodes.front()->op, "etc::winograd_conv2d");
  ASSERT_EQ(std::get<Value*>(graph.nodes.front()->args[1])->type.sizes[0], points);
  const std::vector<float> expected = computed(direct), ours = computed(graph);
  ASSERT_EQ(expected.size(), ours.size());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], expected[i], 1e-4) << i;
}

TEST(Winograd, ComputesTheSame) {
  expect_the_same(8, 16);
  expect_the_same(23, 36);
}

TEST(Winograd, LeavesOtherConvolutions) {
  Graph strided = parse_graph(convolution("[3, 3], [2, 2], [1, 1], [1, 1]", 32, 40, 16, 8));
  EXPECT_FALSE(run_pass(find_pass("winograd"), strided));
  Graph of_few_channels = parse_graph(convolution("[3, 3], [1, 1], [1, 1], [1, 1]", 16, 40, 8, 8));
  EXPECT_FALSE(run_pass(find_pass("winograd"), of_few_channels));
  Graph of_few_pixels = parse_graph(convolution("[3, 3], [1, 1], [1, 1], [1, 1]", 32, 40, 7, 7));
  EXPECT_FALSE(run_pass(find_pass("winograd"), of_few_pixels));
}

}  // namespace
}  // namespace etc::compile
