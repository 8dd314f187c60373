// Partitions on small graphs: who gets what, what is refused and why, and that what comes back is one order.
#include "partition/partition.h"

#include <gtest/gtest.h>

#include "ir/text.h"
#include "ir/verifier.h"

namespace etc::compile {
namespace {

// Its blob has a byte for each of its nodes.
Lowered lower(const Subgraph& s, const Uses&) {
  Lowered lowered;
  lowered.blob.resize(s.nodes.size());
  lowered.constants = s.constants;
  lowered.workspace_bytes = 64;
  return lowered;
}
struct OpBackends {
  static std::string takes_add(const Node& n, const Uses&) { return n.op == "aten::add.Tensor" || n.op == "etc::view" ? "" : "not a sum"; }
  static std::string takes_mul(const Node& n, const Uses&) { return n.op == "aten::mul.Tensor" ? "" : "not a product"; }
  static std::string takes_both(const Node& n, const Uses& u) {
    return takes_add(n, u).empty() || takes_mul(n, u).empty() ? "" : "neither";
  }
  static std::string wants_two(const Subgraph& s) { return s.nodes.size() > 1 ? "" : "alone"; }
};
const Backend kAdds = {"adds", "", OpBackends::takes_add, nullptr, lower};
const Backend kMuls = {"muls", "", OpBackends::takes_mul, nullptr, lower};
const Backend kBoth = {"both", "", OpBackends::takes_both, nullptr, lower};
const Backend kAnySizes = {"any", "", OpBackends::takes_add, nullptr, lower, true};
const Backend kPairs = {"pairs", "", OpBackends::takes_add, OpBackends::wants_two, lower};

Graph graph_of(const std::string& lines) {
  Graph graph = parse_graph("graph g {\n input %x: f32[2]\n const %c: f32[2] = 1 2\n" + lines + "}\n");
  verify(graph, "test");
  return graph;
}

// The ops in order, delegates as "name(nodes)".
std::string after(Graph& graph, const std::vector<const Backend*>& backends, PartitionReport* report) {
  partition(graph, backends, report);
  verify(graph, "partition");
  std::string all;
  for (const auto& node : graph.nodes)
    all += (all.empty() ? "" : " ") +
           (node->delegate ? node->delegate->backend + "(" + std::to_string(node->delegate->blob.bytes) + ")" : node->op);
  return all;
}
std::string after(const std::string& lines, const std::vector<const Backend*>& backends) {
  Graph graph = graph_of(lines);
  PartitionReport report;
  return after(graph, backends, &report);
}

const std::string kChain =
    "%a: f32[2] = aten::add.Tensor(%x, %c, 1)\n %b: f32[2] = aten::add.Tensor(%a, %x, 1)\n %m: f32[2] = aten::mul.Tensor(%b, %a)\n"
    "%d: f32[2] = aten::add.Tensor(%m, %a, 1)\n output \"d\" = %d\n";

TEST(Partition, TakesConnectedNodesAsOne) {
  EXPECT_EQ(after(kChain, {&kBoth}), "both(4)");
  EXPECT_EQ(after(kChain, {&kMuls}), "aten::add.Tensor aten::add.Tensor muls(1) aten::add.Tensor");
}

// The last sum needs the product, which needs the first: they cannot be one step.
TEST(Partition, KeepsSubgraphsConvex) { EXPECT_EQ(after(kChain, {&kAdds}), "adds(2) aten::mul.Tensor adds(1)"); }

TEST(Partition, PrefersTheFirst) {
  EXPECT_EQ(after(kChain, {&kMuls, &kBoth}), "both(2) muls(1) both(1)");
  EXPECT_EQ(after(kChain, {&kBoth, &kMuls}), "both(4)");
}

TEST(Partition, OperandsAreInputsThenConstants) {
  Graph graph = graph_of(kChain);
  PartitionReport report;
  after(graph, {&kBoth}, &report);
  const Node& call = *graph.nodes.front();
  ASSERT_EQ(call.args.size(), 2u);
  EXPECT_EQ(std::get<Value*>(call.args[0])->name, "x");
  EXPECT_EQ(std::get<Value*>(call.args[1])->kind, Value::Kind::Constant);
  ASSERT_EQ(call.results.size(), 1u);
  EXPECT_EQ(call.results[0]->name, "d");
  ASSERT_EQ(report.delegates.size(), 1u);
  EXPECT_EQ(report.delegates[0].nodes, 4u);
  EXPECT_EQ(report.delegates[0].workspace_bytes, 64u);
}

TEST(Partition, WhatOthersReadIsAResult) {
  Graph graph = graph_of(
      "%a: f32[2] = aten::add.Tensor(%x, %c, 1)\n %b: f32[2] = aten::add.Tensor(%a, %a, 1)\n %m: f32[2] = aten::mul.Tensor(%a, %x)\n"
      "output \"b\" = %b\n output \"m\" = %m\n");
  PartitionReport report;
  after(graph, {&kAdds}, &report);
  EXPECT_EQ(graph.nodes.front()->results.size(), 2u);
}

TEST(Partition, SaysWhyANodeStays) {
  Graph graph = graph_of("%m: f32[2] = aten::mul.Tensor(%x, %x)  @ net.py:7 m mul\n output \"m\" = %m\n");
  PartitionReport report;
  EXPECT_EQ(after(graph, {&kAdds, &kPairs}, &report), "aten::mul.Tensor");
  ASSERT_EQ(report.refusals.size(), 2u);
  EXPECT_EQ(report.refusals[1].backend, "pairs");
  EXPECT_EQ(report.refusals[1].reason, "not a sum");
  EXPECT_EQ(report.refusals[1].source->line, 7u);
}

TEST(Partition, ABackendMayRefuseASubgraph) {
  Graph graph = graph_of("%a: f32[2] = aten::add.Tensor(%x, %c, 1)\n output \"a\" = %a\n");
  PartitionReport report;
  EXPECT_EQ(after(graph, {&kPairs}, &report), "aten::add.Tensor");
  ASSERT_EQ(report.refusals.size(), 1u);
  EXPECT_EQ(report.refusals[0].reason, "alone");
}

Graph varying_graph(const std::string& lines) {
  Graph graph = parse_graph("graph g {\n symbol s0 in [1,8]\n symbol u0 in [0,8]\n input %x: f32[s0]\n input %n: i64[]\n" + lines + "}\n");
  verify(graph, "test");
  return graph;
}

TEST(Partition, SizesThatVaryAreForBackendsThatTakeThem) {
  const std::string sums = "%a: f32[s0] = aten::add.Tensor(%x, %x, 1)\n %b: f32[s0] = aten::add.Tensor(%a, %x, 1)\n output \"b\" = %b\n";
  PartitionReport report;
  Graph graph = varying_graph(sums);
  EXPECT_EQ(after(graph, {&kAdds}, &report), "aten::add.Tensor aten::add.Tensor");
  ASSERT_EQ(report.refusals.size(), 2u);
  EXPECT_EQ(report.refusals[0].reason, "sizes that vary from run to run");
  graph = varying_graph(sums);
  EXPECT_EQ(after(graph, {&kAdds, &kAnySizes}, &report), "any(2)");
  EXPECT_EQ(graph.nodes.front()->results[0]->type.sizes[0].upper(), 8);
}

TEST(Partition, NumbersThatVaryStay) {
  PartitionReport report;
  Graph graph = varying_graph("%a: f32[s0] = aten::add.Tensor(%x, %x, s0)\n output \"a\" = %a\n");
  EXPECT_EQ(after(graph, {&kAnySizes}, &report), "aten::add.Tensor");
  ASSERT_EQ(report.refusals.size(), 1u);
  EXPECT_EQ(report.refusals[0].reason, "numbers that vary from run to run");
}

// The second sum has a size that is read from what the first one makes: no data goes from one to the other by way of that.
TEST(Partition, WaitsForSizes) {
  Graph graph = varying_graph(
      "%f: i64[] = aten::add.Tensor(%n, %n, 1)\n () = etc::item(%f, u0)\n %l: i64[u0] = aten::arange.start_step(0, u0, 1, 5, none, none, "
      "none)\n"
      "%s: i64[u0] = aten::add.Tensor(%l, %f, 1)\n %t: f32[s0] = aten::add.Tensor(%x, %x, 1)\n output \"s\" = %s\n output \"t\" = %t\n");
  PartitionReport report;
  EXPECT_EQ(after(graph, {&kAnySizes}, &report), "any(1) etc::item aten::arange.start_step any(1) any(1)");
}

TEST(Partition, ViewsAtTheBorderStayOutside) {
  EXPECT_EQ(after("%v: f32[1,2] = etc::view(%x, [1, 2], [2, 1], 0)\n %a: f32[1,2] = aten::add.Tensor(%v, %v, 1)\n"
                  "%w: f32[2] = etc::view(%a, [2], [1], 0)\n %b: f32[2] = aten::add.Tensor(%w, %x, 1)\n"
                  "%u: f32[2,1] = etc::view(%b, [2, 1], [1, 1], 0)\n output \"u\" = %u\n",
                  {&kAdds}),
            "etc::view adds(3) etc::view");
}

}  // namespace
}  // namespace etc::compile
