// order-for-memory finishes what frees memory first, and never moves a write before a read of what it overwrites.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

// Names of the nodes' first results, in order.
std::string order_of(const std::string& lines) {
  Graph graph = parse_graph("graph g {\n" + lines + "}\n");
  find_pass("order-for-memory").run(graph);
  verify(graph, "order-for-memory");
  std::string names;
  for (const auto& node : graph.nodes) names += (names.empty() ? "" : " ") + node->results[0]->name;
  return names;
}

TEST(OrderForMemory, FinishesOneBranchBeforeTheNext) {
  // Each branch widens and narrows again; side by side the wide ones would live together.
  EXPECT_EQ(order_of(R"(
    input %x: f32[16]
    %e: f32[100,16]{0,1} = etc::view(%x, [100, 16], [0, 1], 0)
    %wide1: f32[100,16] = aten::neg(%e)
    %wide2: f32[100,16] = aten::relu(%e)
    %row1: f32[16] = etc::view(%wide1, [16], [1], 16)
    %row2: f32[16] = etc::view(%wide2, [16], [1], 16)
    %narrow1: f32[16] = aten::neg(%row1)
    %narrow2: f32[16] = aten::neg(%row2)
    output "1" = %narrow1
    output "2" = %narrow2
  )"),
            "e wide1 row1 narrow1 wide2 row2 narrow2");
}

TEST(OrderForMemory, KeepsAGoodOrder) {
  const std::string chain = R"(
    input %x: f32[16]
    %a: f32[16] = aten::neg(%x)
    %b: f32[16] = aten::relu(%a)
    %c: f32[16] = aten::neg(%b)
    output "c" = %c
  )";
  Graph graph = parse_graph("graph g {\n" + chain + "}\n");
  EXPECT_FALSE(find_pass("order-for-memory").run(graph));
  EXPECT_EQ(order_of(chain), "a b c");
}

TEST(OrderForMemory, ReadsAStateBeforeItsUpdate) {
  // The update first would be cheaper, but then it could not be made in place.
  const std::string names = order_of(R"(
    input %x: f32[16]
    state %s: f32[16] = splat 0
    %e: f32[100,16]{0,1} = etc::view(%s, [100, 16], [0, 1], 0)
    %wide1: f32[100,16] = aten::neg(%e)
    %wide2: f32[100,16] = aten::relu(%e)
    %new: f32[16] = aten::add.Tensor(%s, %x, 1)
    %row1: f32[16] = etc::view(%wide1, [16], [1], 16)
    %row2: f32[16] = etc::view(%wide2, [16], [1], 16)
    %narrow1: f32[16] = aten::neg(%row1)
    %narrow2: f32[16] = aten::neg(%row2)
    output "1" = %narrow1
    output "2" = %narrow2
    output state %s = %new
  )");
  EXPECT_LT(names.find("wide1"), names.find("new")) << names;
  EXPECT_LT(names.find("wide2"), names.find("new")) << names;
  EXPECT_LT(names.find("narrow1"), names.find("wide2")) << names;
}

}  // namespace
}  // namespace etc::compile
