// Import of programs written by hand: what is refused, what is listed, what shares memory.
#include <gtest/gtest.h>

#include "import/import_graph.h"
#include "import/scalars.h"
#include "import/targets.h"
#include "ir/builder.h"
#include "ir/interpret.h"
#include "ir/verifier.h"

namespace etc::compile {
namespace {

using exported::InputSpec;
using exported::OutputSpec;
using exported::Tensor;

exported::Argument tensor(const std::string& name) { return {Tensor{name}}; }

// A program over f32 tensors.
class Program {
 public:
  void type(const std::string& name, Sizes sizes, int scalar_type = 7) {
    exported::TensorMeta meta;
    meta.scalar_type = scalar_type;
    for (int64_t s : sizes) meta.sizes.emplace_back(s);
    for (int64_t s : contiguous_strides(sizes)) meta.strides.emplace_back(s);
    program_.graph.tensors[name] = meta;
  }
  void input(const std::string& name, Sizes sizes) { add_input(InputSpec::Kind::User, name, "", std::move(sizes)); }
  void buffer(const std::string& name, const std::string& fqn, Sizes sizes) {
    add_input(InputSpec::Kind::Buffer, name, fqn, std::move(sizes));
  }
  void node(const std::string& target, std::vector<exported::NamedArgument> inputs, const std::string& result, Sizes sizes) {
    type(result, std::move(sizes));
    exported::Node n;
    n.name = result;
    n.target = target;
    n.inputs = std::move(inputs);
    n.outputs.push_back(tensor(result));
    n.source = std::make_shared<Source>(Source{result, "block.0", "models/net.py", static_cast<uint32_t>(++line_)});
    program_.graph.nodes.push_back(std::move(n));
  }
  void output(const std::string& name) {
    OutputSpec o;
    o.kind = OutputSpec::Kind::User;
    o.argument = tensor(name);
    o.name = "output_" + std::to_string(program_.outputs.size());
    program_.outputs.push_back(o);
  }
  void weight(const std::string& fqn, Weight w) { weights_[fqn] = std::move(w); }
  Graph import() {
    Graph graph = import_graph(program_, [this](const std::string& fqn) { return weights_.at(fqn); });
    verify(graph, "import");
    return graph;
  }
  exported::ExportedProgram& raw() { return program_; }
  std::string error() {
    try {
      import();
    } catch (const CompileError& e) {
      return e.what();
    }
    return "";
  }

 private:
  void add_input(InputSpec::Kind kind, const std::string& name, const std::string& fqn, Sizes sizes) {
    type(name, std::move(sizes));
    InputSpec spec;
    spec.kind = kind;
    spec.argument = tensor(name);
    spec.name = name;
    spec.target = fqn;
    program_.inputs.push_back(spec);
    program_.graph.inputs.push_back(spec.argument);
  }
  exported::ExportedProgram program_;
  std::map<std::string, Weight> weights_;
  int line_ = 0;
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Targets, BecomeSchemaNames) {
  EXPECT_EQ(op_name("torch.ops.aten.add.Tensor"), "aten::add.Tensor");
  EXPECT_EQ(op_name("torch.ops.aten.relu.default"), "aten::relu");
  EXPECT_EQ(op_name("_operator.ge"), "_operator.ge");
  EXPECT_EQ(functional_name("aten::add_.Tensor"), "aten::add.Tensor");
  EXPECT_EQ(functional_name("aten::__iand__.Tensor"), "aten::__and__.Tensor");
  EXPECT_EQ(functional_name("aten::pow_.Scalar"), "aten::pow.Tensor_Scalar");
  EXPECT_EQ(functional_name("aten::transpose_"), "aten::transpose.int");
  EXPECT_EQ(functional_name("aten::__and__.Tensor"), std::nullopt);
  EXPECT_EQ(functional_name("aten::relu"), std::nullopt);
}

TEST(Import, ListsEveryUnknownOpWithItsPlace) {
  Program p;
  p.input("x", {2});
  p.node("torch.ops.aten.frobnicate.default", {{"self", tensor("x")}}, "a", {2});
  p.node("torch.ops.aten.frobnicate.default", {{"self", tensor("a")}}, "b", {2});
  p.node("torch.ops.aten.defrobnicate_.Tensor", {{"self", tensor("b")}}, "c", {2});
  p.output("c");
  const std::string what = p.error();
  EXPECT_TRUE(contains(what, "2 ops have no kernel")) << what;
  EXPECT_TRUE(contains(what, "aten::frobnicate at node 'a' (models/net.py:1, in block.0) and 1 other node")) << what;
  EXPECT_TRUE(contains(what, "aten::defrobnicate_.Tensor at node 'c' (models/net.py:3")) << what;
}

TEST(Import, MakesOpsOfOtherNamespacesExternal) {
  Program p;
  p.input("x", {2});
  p.node("torch.ops.mylib.twist.default", {{"input", tensor("x")}, {"angle", {0.5}}}, "y", {3});
  p.output("y");
  const Graph graph = p.import();
  const Node& node = *graph.nodes.front();
  EXPECT_EQ(node.op, "mylib::twist");
  EXPECT_TRUE(node.is_external());
  EXPECT_EQ(node.arg_names, (std::vector<std::string>{"input", "angle"}));
  EXPECT_EQ(node.results[0]->type, TensorType(DType::F32, {3}));
}

TEST(Import, AsksForUpperBounds) {
  Program p;
  p.input("x", {2});
  p.raw().graph.tensors["x"].sizes[0] = exported::Expression{"Symbol('s0')", None{}};
  p.output("x");
  const std::string what = p.error();
  EXPECT_TRUE(contains(what, "--max-dim x.0=N")) << what;
}

TEST(Scalars, AreComputedLikePython) {
  const Argument seven = int64_t{7}, minus_two = int64_t{-2};
  EXPECT_EQ(fold_scalars("_operator.floordiv", {seven, minus_two}), Argument(int64_t{-4}));
  EXPECT_EQ(fold_scalars("_operator.mod", {seven, minus_two}), Argument(int64_t{-1}));
  EXPECT_EQ(fold_scalars("_operator.truediv", {seven, minus_two}), Argument(-3.5));
  EXPECT_EQ(fold_scalars("_operator.ge", {seven, 7.0}), Argument(true));
  EXPECT_EQ(fold_scalars("torch.sym_max", {seven, minus_two}), seven);
  EXPECT_EQ(fold_scalars("math.trunc", {-2.5}), minus_two);
  EXPECT_EQ(fold_scalars("_operator.and_", {true, false}), Argument(false));
  EXPECT_EQ(fold_scalars("_operator.floordiv", {seven, int64_t{0}}), std::nullopt);
  EXPECT_EQ(fold_scalars("_operator.mul", {int64_t{INT64_MAX}, minus_two}), std::nullopt);
  EXPECT_EQ(fold_scalars("os.system", {seven}), std::nullopt);
}

TEST(Import, RefusesComplexNumbers) {
  Program p;
  p.input("x", {2});
  p.node("torch.ops.aten.alias.default", {{"self", tensor("x")}}, "y", {2});
  p.type("y", {2}, 9);
  EXPECT_TRUE(contains(p.error(), "models/net.py:1")) << p.error();
}

TEST(Import, ReportsResultsThatAreNotWhatTheFileStates) {
  Program p;
  p.input("x", {2, 3});
  p.node("torch.ops.aten.t.default", {{"self", tensor("x")}}, "y", {2, 3});
  p.output("y");
  try {
    p.import();
    FAIL() << "nobody noticed";
  } catch (const CompileError& e) {
    EXPECT_TRUE(contains(e.what(), "node 'y'") && contains(e.what(), "f32[3,2]")) << e.what();
  }
}

TEST(Import, TellsWhichArgumentOfWhichNodeDoesNotFit) {
  Program p;
  p.input("x", {2, 3});
  p.node("torch.ops.aten.select.int", {{"self", tensor("x")}, {"dim", {int64_t{0}}}, {"index", {int64_t{5}}}}, "y", {3});
  EXPECT_TRUE(contains(p.error(), "node 'y' (models/net.py:1, in block.0): aten::select.int: index 5")) << p.error();
}

TEST(Import, InlinesRegionsWithoutGradients) {
  Program p;
  p.input("x", {2, 3});
  auto region = std::make_shared<exported::Graph>();
  region->inputs.push_back(tensor("arg"));
  exported::Node t;
  t.name = "t";
  t.target = "torch.ops.aten.t.default";
  t.inputs = {{"self", tensor("arg")}};
  t.outputs = {tensor("t")};
  region->nodes.push_back(t);
  region->outputs.push_back(tensor("t"));
  p.type("y", {3, 2});
  region->tensors["t"] = p.raw().graph.tensors["y"];
  p.node("torch.ops.higher_order.wrap_with_set_grad_enabled", {{"", {false}}, {"", {exported::Subgraph{"g", region}}}, {"", tensor("x")}},
         "y", {3, 2});
  p.output("y");
  const Graph graph = p.import();
  EXPECT_EQ(root_of(graph.outputs[0].value), graph.inputs[0]);
}

TEST(Import, NamesHigherOrderOpsThatItLacks) {
  Program p;
  p.input("x", {2});
  p.node("torch.ops.higher_order.flex_attention", {}, "y", {2});
  EXPECT_TRUE(contains(p.error(), "higher_order.flex_attention is not supported")) << p.error();
}

TEST(Import, TellsTheWayOutOfUnresolvedVmap) {
  Program p;
  p.input("x", {2});
  p.node("torch._functorch.predispatch._add_batch_dim", {}, "y", {2});
  EXPECT_TRUE(contains(p.error(), "run_decompositions()")) << p.error();
}

TEST(Import, RefusesControlFlowWithoutBodies) {
  Program p;
  p.input("x", {2});
  p.node("torch.ops.higher_order.cond", {}, "y", {2});
  EXPECT_TRUE(contains(p.error(), "too few arguments")) << p.error();
}

class SharedBuffers : public testing::Test {
 protected:
  void SetUp() override {
    data_ = ConstantData::copy_of(numbers_, sizeof numbers_);
    p_.weight("whole", {"whole", data_, TensorType(DType::F32, {2, 3}), 0});
    p_.weight("column", {"column", data_, TensorType(DType::F32, {2}, {3}), 1});
    p_.weight("apart", {"apart", data_, TensorType(DType::F32, {2}), 6});
    p_.buffer("b_whole", "whole", {2, 3});
    p_.buffer("b_column", "column", {2});
    p_.buffer("b_apart", "apart", {2});
    p_.input("x", {2});
  }
  float numbers_[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  ConstantData data_;
  Program p_;
};

TEST_F(SharedBuffers, AreOneStateWhenOneIsWritten) {
  p_.node("torch.ops.aten.copy_.default", {{"self", tensor("b_column")}, {"src", tensor("x")}}, "written", {2});
  p_.output("b_whole");
  const Graph graph = p_.import();
  ASSERT_EQ(graph.states.size(), 1u);
  EXPECT_EQ(graph.states[0]->type.sizes, (Sizes{2, 3}));
  Environment env;
  const float x[2] = {10, 40};
  env[graph.inputs[0]] = ConstantData::copy_of(x, sizeof x);
  run_graph(graph, env);
  for (const Output& o : graph.outputs) {
    const ConstantData got = gather(o.value, env);
    const auto* e = reinterpret_cast<const float*>(got.data);
    EXPECT_EQ(std::vector<float>(e, e + 6), (std::vector<float>{0, 10, 2, 3, 40, 5}));
  }
  ASSERT_EQ(graph.outputs.size(), 2u);
  EXPECT_EQ(graph.outputs[1].kind, Output::Kind::State);
  EXPECT_EQ(graph.outputs[1].target, graph.states[0]);
}

TEST_F(SharedBuffers, AreConstantsOfTheElementsInUse) {
  p_.output("b_whole");
  p_.output("b_column");
  p_.output("b_apart");
  const Graph graph = p_.import();
  EXPECT_TRUE(graph.states.empty());
  EXPECT_EQ(root_of(graph.outputs[0].value), root_of(graph.outputs[1].value));
  EXPECT_EQ(graph.outputs[0].value->type, TensorType(DType::F32, {2, 3}));
  EXPECT_EQ(root_of(graph.outputs[2].value)->constant.bytes, 8u);
}

TEST_F(SharedBuffers, AreNotReadWhenNothingUsesThem) {
  p_.weight("whole", {});
  p_.output("b_apart");
  const Graph graph = p_.import();
  EXPECT_EQ(graph.constants().size(), 1u);
}

TEST(Import, WritesInputsBackWhenTheModelDoes) {
  Program p;
  p.input("x", {2, 2});
  p.input("y", {2});
  p.node("torch.ops.aten.select.int", {{"self", tensor("x")}, {"dim", {int64_t{0}}}, {"index", {int64_t{1}}}}, "row", {2});
  p.node("torch.ops.aten.copy_.default", {{"self", tensor("row")}, {"src", tensor("y")}}, "copied", {2});
  p.output("copied");
  const Graph graph = p.import();
  ASSERT_EQ(graph.outputs.size(), 2u);
  EXPECT_EQ(graph.outputs[1].kind, Output::Kind::Input);
  EXPECT_EQ(graph.outputs[1].target, graph.inputs[0]);
  EXPECT_EQ(graph.outputs[1].name, "x");
}

}  // namespace
}  // namespace etc::compile
