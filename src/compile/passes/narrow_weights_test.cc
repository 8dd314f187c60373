// --precision rounds the weights of packed linear layers, convolutions and LSTMs to 16 bits, and touches nothing else.
#include "passes/narrow_weights.h"

#include "passes/pass_test.h"

namespace etc::compile {
namespace {

std::string panel(const std::string& first) {
  std::string text = " = " + first;
  for (int i = 1; i < 16; ++i) text += " 0";
  return text + "\n";
}
std::string layer(const std::string& type, const std::string& name, const std::string& first) {
  return "input %x: f32[3,1]\nconst %" + name + ": " + type + "[1,1,16]" + panel(first) + "%y: f32[3,5] = etc::packed_linear(%x, %" + name +
         ", none, none, 5, \"none\")\noutput \"y\" = %y\n";
}
Graph graph_of(const std::string& lines) { return parse_graph("graph g {\n" + lines + "}\n"); }

void expect_narrow(DType dtype, const std::string& before, const std::string& after) {
  Graph graph = graph_of(before);
  std::vector<std::string> warnings;
  EXPECT_EQ(narrow_weights(graph, dtype, &warnings), 1);
  verify(graph, "narrow-weights");
  EXPECT_EQ(print_graph(graph), print_graph(graph_of(after)));
  EXPECT_TRUE(warnings.empty());
}

TEST(NarrowWeights, RoundsToNearestEven) {
  expect_narrow(DType::BF16, layer("f32", "w", "1.01171875"), layer("bf16", "w_bf16", "1.015625"));
  expect_narrow(DType::BF16, layer("f32", "w", "1.00390625"), layer("bf16", "w_bf16", "1"));
  expect_narrow(DType::F16, layer("f32", "w", "1.00048828125"), layer("f16", "w_f16", "1"));
  expect_narrow(DType::F16, layer("f32", "w", "65519"), layer("f16", "w_f16", "65504"));
}

TEST(NarrowWeights, KeepsWhatIsNotFinite) {
  for (const char* number : {"inf", "-inf", "nan"}) expect_narrow(DType::F16, layer("f32", "w", number), layer("f16", "w_f16", number));
}

TEST(NarrowWeights, LeavesWhatWouldBecomeInfinite) {
  for (const auto& [dtype, number] : {std::pair(DType::F16, "65520"), std::pair(DType::BF16, "3.4e38")}) {
    Graph graph = graph_of(layer("f32", "w", number));
    const std::string before = print_graph(graph);
    std::vector<std::string> warnings;
    EXPECT_EQ(narrow_weights(graph, dtype, &warnings), 0);
    EXPECT_EQ(print_graph(graph), before);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0], std::string("the weight w stays f32: ") + (dtype == DType::F16 ? "65520" : "3.4e+38") + " is too large for " +
                               name_of(dtype));
  }
}

// Shared weights stay shared; an op that takes no narrow weights keeps its own.
TEST(NarrowWeights, OfSeveralUsers) {
  const auto lines = [](const std::string& constants, const std::string& of_linear) {
    return "input %x: f32[3,1]\ninput %image: f32[1,3,3,5]\n" + constants + "%y: f32[3,5] = etc::packed_linear(%x, %" + of_linear +
           ", none, none, 5, \"none\")\n%z: f32[3,5] = etc::packed_linear(%x, %" + of_linear +
           ", none, none, 5, \"relu\")\n%d: f32[1,3,3,5] = etc::packed_depthwise2d(%image, %w, none, [1, 1], [1, 1], [0, 0], [1, 1], "
           "\"none\")\noutput \"y\" = %y\noutput \"z\" = %z\noutput \"d\" = %d\n";
  };
  const std::string wide = "const %w: f32[1,1,16]" + panel("2"), narrow = "const %w_bf16: bf16[1,1,16]" + panel("2");
  expect_narrow(DType::BF16, lines(wide, "w"), lines(narrow + wide, "w_bf16"));
}

TEST(NarrowWeights, OfAnLstm) {
  const auto lines = [](const std::string& type, const std::string& name) {
    std::string zeros;
    for (int i = 0; i < 64; ++i) zeros += " 0.5";
    return "input %gates: f32[3,2,64]\ninput %h: f32[2,1]\ninput %c: f32[2,1]\nconst %" + name + ": " + type + "[4,1,16] =" + zeros +
           "\n(%y: f32[3,2,1], %lh: f32[2,1], %lc: f32[2,1]) = etc::packed_lstm(%gates, %" + name +
           ", %h, %c, false)\noutput \"y\" = %y\noutput \"lh\" = %lh\noutput \"lc\" = %lc\n";
  };
  expect_narrow(DType::F16, lines("f32", "w"), lines("f16", "w_f16"));
}

// Without --precision the pass is a place in the list.
TEST(NarrowWeights, OnlyWhenAsked) { expect_unchanged("narrow-weights", layer("f32", "w", "1.01171875")); }

}  // namespace
}  // namespace etc::compile
