// Each rule of the verifier, broken once.
#include "ir/verifier.h"

#include <gtest/gtest.h>

#include "ir/error.h"
#include "ir/text.h"

namespace etc::compile {
namespace {

std::string complaint(const Graph& graph) {
  try {
    verify(graph, "test");
  } catch (const InternalError& e) {
    return e.what();
  }
  return "";
}

std::string complaint(const std::string& lines) { return complaint(parse_graph("graph g {\n" + lines + "}\n")); }

TEST(Verifier, AcceptsAGraph) {
  EXPECT_EQ(
      complaint(
          "input %x: f32[2,3]\n state %s: f32[2] = 0 0\n const %c: f32[2] = 1 2\n"
          "%v: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)\n %e: f32[2,0] = etc::view(%x, [2, 0], [3, 1], 6)\n"
          "%y: f32[2] = extern my::op(a=%v, b=%c, list=[%e, none])\n output \"y\" = %y\n output state %s = %y\n output input %x = %x\n"),
      "");
}

TEST(Verifier, WantsOperandsBeforeUses) {
  Graph g = parse_graph("graph g { input %x: f32[1] %y: f32[1] = extern a::b(x=%x) %z: f32[1] = extern a::b(x=%y) output \"z\" = %z }");
  std::swap(g.nodes.front(), g.nodes.back());
  EXPECT_EQ(complaint(g), "after test: %z = a::b: %y is used before it is made");
}

TEST(Verifier, WantsOperandsOfTheSameGraph) {
  Graph a = parse_graph("graph g { input %x: f32[1] %y: f32[1] = extern a::b(x=%x) output \"y\" = %y }");
  Graph b = parse_graph("graph g { input %x: f32[1] output \"x\" = %x }");
  a.nodes.front()->args[0] = b.inputs[0];
  EXPECT_EQ(complaint(a), "after test: %y = a::b: an operand is of another graph");
}

TEST(Verifier, WantsUniqueNames) {
  Graph g = parse_graph("graph g { input %x: f32[1] %y: f32[1] = extern a::b(x=%x) output \"y\" = %y }");
  g.nodes.front()->results[0]->name = "x";
  EXPECT_EQ(complaint(g), "after test: %x = a::b: two values are called %x");
}

TEST(Verifier, WantsViewsOfRoots) {
  EXPECT_EQ(
      complaint(
          "input %x: f32[4]\n %v: f32[2] = etc::view(%x, [2], [1], 0)\n %w: f32[1] = etc::view(%v, [1], [1], 0)\n output \"w\" = %w\n"),
      "after test: %w = etc::view: the operand of a view is itself a view");
}

TEST(Verifier, WantsWindowsInside) {
  EXPECT_EQ(complaint("input %x: f32[4]\n %v: f32[3] = etc::view(%x, [2], [1], 1)\n output \"v\" = %v\n"),
            "after test: %v = etc::view: the result's type is not the one that the arguments say");
  EXPECT_EQ(complaint("input %x: f32[4]\n %v: f32[2]{3} = etc::view(%x, [2], [3], 1)\n output \"v\" = %v\n"),
            "after test: %v = etc::view: the window reaches outside of %x");
  EXPECT_EQ(complaint("input %x: f32[4]\n %v: f32[2]{3} = etc::view(%x, [2], [3], -1)\n output \"v\" = %v\n"),
            "after test: %v = etc::view: the window reaches outside of %x");
}

TEST(Verifier, AcceptsViewsOfAnotherDTypeOfTheSameWidth) {
  EXPECT_EQ(complaint("input %x: f32[4]\n %v: i32[4] = etc::view(%x, [4], [1], 0)\n output \"v\" = %v\n"), "");
  EXPECT_EQ(complaint("input %x: f32[4]\n %v: i16[4] = etc::view(%x, [4], [1], 0)\n output \"v\" = %v\n"),
            "after test: %v = etc::view: the elements are not as wide as those of %x");
}

TEST(Verifier, WantsContiguousRoots) {
  EXPECT_EQ(complaint("input %x: f32[2,2]{1,2}\n output \"x\" = %x\n"), "after test: %x is no view and not contiguous");
}

TEST(Verifier, WantsTypesThatInferGives) {
  EXPECT_EQ(complaint("input %x: f32[2]\n %y: f32[3] = aten::relu(%x)\n output \"y\" = %y\n"),
            "after test: %y = aten::relu: the type of %y is not what infer says");
  EXPECT_EQ(complaint("input %x: f32[2]\n %y: f32[2] = aten::no_such_op(%x)\n output \"y\" = %y\n"),
            "after test: %y = aten::no_such_op: the op has no kernel");
  EXPECT_EQ(complaint("input %x: f32[2]\n %y: f32[2] = aten::relu(%x, 1)\n output \"y\" = %y\n"),
            "after test: %y = aten::relu: the op takes 1 arguments");
}

std::string cond(const std::string& first_body, const std::string& predicate = "%p") {
  return "input %p: bool[]\n input %x: f32[2]\n %y: f32[2] = etc::cond(" + predicate + ", [%x]) {\n" + first_body +
         "} {\n input %x: f32[2]\n output \"0\" = %x\n }\n output \"y\" = %y\n";
}

TEST(Verifier, WantsBodiesThatFitTheNode) {
  EXPECT_EQ(complaint(cond("input %x: f32[2]\n output \"0\" = %x\n")), "");
  EXPECT_EQ(complaint(cond("input %x: f32[3]\n output \"0\" = %x\n")),
            "after test: %y = etc::cond: input %x of a body has another type than its operand");
  EXPECT_EQ(complaint(cond("input %x: f32[2]\n")), "after test: %y = etc::cond: a body has not as many outputs as results");
  EXPECT_THROW(complaint(cond("output \"0\" = %p\n")), CompileError) << "nothing of the outside is seen in a body";
  EXPECT_EQ(complaint(cond("input %x: f32[2]\n output input %x = %x\n output \"0\" = %x\n")),
            "after test: %y = etc::cond: a body changes its inputs");
  EXPECT_EQ(complaint(cond("input %x: f32[2]\n output \"0\" = %x\n", "%x")), "after test: %y = etc::cond: the predicate is no 0-d bool");
  EXPECT_EQ(complaint(cond("input %x: f32[2]\n %z: f32[3] = aten::relu(%x)\n output \"0\" = %x\n")),
            "after test: %z = aten::relu: the type of %z is not what infer says");
}

TEST(Verifier, WantsMutationsThatFit) {
  EXPECT_EQ(complaint("input %x: f32[2]\n state %s: f32[3] = 0 0 0\n output state %s = %x\n"),
            "after test: the new value of %s has another type");
  EXPECT_EQ(complaint("input %x: f32[2]\n state %s: f32[2] = 0 0\n output state %s = %x\n output state %s = %x\n"),
            "after test: %s is changed twice");
  EXPECT_EQ(complaint("input %x: f32[2]\n state %s: f32[2] = 0 0\n output input %s = %x\n"),
            "after test: a mutation without a state or input to change");
}

}  // namespace
}  // namespace etc::compile
