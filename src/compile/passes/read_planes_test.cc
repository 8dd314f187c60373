// read-planes packs the weight again for images of few channels that lie as PyTorch has them.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

// A convolution of 3 x 2 pixels over 5 x 4 that are a view of `image`, [2, channels, 5, 4], as the strides say.
std::string convolution(int channels, const std::string& strides) {
  const std::string c = std::to_string(channels);
  std::string weight;
  for (int i = 0; i < 2 * 6 * channels * 16; ++i) weight.append(" ").append(std::to_string((i * 37 % 101 - 50) / 64.0));
  return "input %image: f32[2," + c + ",5,4]\nconst %w: f32[2," + std::to_string(6 * channels) + ",16] =" + weight + "\n%x: f32[2,5,4," +
         c + "]{" + strides + "} = etc::view(%image, [2, 5, 4, " + c + "], [" + strides + "], 0)\n" +
         "%y: f32[2,5,3,20] = etc::packed_conv2d(%x, %w, none, none, 20, [3, 2], [1, 1], [1, 0], [1, 1], \"relu\")\noutput \"y\" = %y\n";
}

TEST(ReadPlanes, ComputesTheSame) {
  const std::string text = "graph g {\n" + convolution(3, "60,4,1,20") + "}\n";
  Graph graph = parse_graph(text);
  ASSERT_TRUE(run_pass(find_pass("read-planes"), graph));
  verify(graph, "read-planes");
  const Value* weight = std::get<Value*>(graph.nodes.back()->args[1]);
  EXPECT_EQ(weight->type.sizes, (Sizes{2, 3, 6, 16}));
  EXPECT_EQ(weight->name, "w_planes");
  // The other order of the sums: equal but for rounding.
  Graph direct = parse_graph(text);
  ASSERT_TRUE(run_pass(find_pass("legalise"), direct));  // which copies the image
  const std::vector<float> expected = computed(direct), ours = computed(graph);
  ASSERT_EQ(expected.size(), ours.size());
  for (size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], expected[i], 1e-5) << i;
}

TEST(ReadPlanes, LeavesWhatHasManyChannelsOrLiesOtherwise) {
  expect_unchanged("read-planes", convolution(3, "60,12,3,1"));
  expect_unchanged("read-planes", convolution(5, "100,4,1,20"));
  expect_unchanged("read-planes", convolution(1, "20,4,1,20"));
}

}  // namespace
}  // namespace etc::compile
