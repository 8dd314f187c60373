// dead-code keeps what outputs need, through views, and nothing else.
#include "passes/pass_test.h"

namespace etc::compile {
namespace {

TEST(DeadCode, RemovesWhatNoOutputNeeds) {
  Graph graph = parse_graph(R"(graph g {
    input %x: f32[2]
    %a: f32[2] = aten::relu(%x)
    %b: f32[2] = aten::relu(%a)
    %v: f32[1] = etc::view(%a, [1], [1], 0)
    output "v" = %v
  })");
  EXPECT_TRUE(find_pass("dead-code").run(graph));
  EXPECT_EQ(graph.nodes.size(), 2u);
  EXPECT_FALSE(find_pass("dead-code").run(graph));
}

}  // namespace
}  // namespace etc::compile
