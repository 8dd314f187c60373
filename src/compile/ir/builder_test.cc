// The builder fills, fits and promotes arguments before a node exists.
#include "ir/builder.h"

#include <gtest/gtest.h>

#include "ir/interpret.h"

namespace etc::compile {
namespace {

class BuilderTest : public testing::Test {
 protected:
  Value* input(DType dtype, Sizes sizes) { return graph_.add_input("x", TensorType(dtype, std::move(sizes))); }
  Value* add(Argument a, Argument b) { return b_.op("aten::add.Tensor", {std::move(a), std::move(b)}); }
  Graph graph_;
  Builder b_{graph_};
};

TEST_F(BuilderTest, PromotesTensorsOfTwoDtypes) {
  Value* sum = add(input(DType::F16, {2}), input(DType::F32, {3, 1}));
  EXPECT_EQ(sum->type, TensorType(DType::F32, {3, 2}));
}

TEST_F(BuilderTest, KeepsTheCategoryOfNumbers) {
  EXPECT_EQ(add(input(DType::F16, {2}), 0.5)->type.dtype, DType::F16);
  EXPECT_EQ(add(input(DType::I32, {2}), int64_t{1})->type.dtype, DType::I32);
  EXPECT_EQ(add(input(DType::I32, {2}), 0.5)->type.dtype, DType::F32);
  EXPECT_EQ(add(input(DType::Bool, {2}), int64_t{1})->type.dtype, DType::I64);
}

TEST_F(BuilderTest, PutsNumbersIntoTheGraphInTheDtypeOfTheOp) {
  Value* sum = add(input(DType::F16, {2}), 0.5);
  for (const Argument& a : sum->producer->args)
    if (auto* v = std::get_if<Value*>(&a)) {
      EXPECT_EQ((*v)->type.dtype, DType::F16);
    }
}

TEST_F(BuilderTest, SaysWhichArgumentsDoNotFit) {
  try {
    add(input(DType::F32, {2}), input(DType::F32, {3}));
    FAIL() << "it fitted";
  } catch (const CompileError& e) {
    EXPECT_NE(std::string(e.what()).find("aten::add.Tensor(self=f32[2], other=f32[3]"), std::string::npos) << e.what();
  }
}

TEST_F(BuilderTest, ThrowsUnknownOpByName) {
  try {
    b_.call("aten::no_such_op.Tensor", {});
    FAIL() << "it is known";
  } catch (const UnknownOp& e) {
    EXPECT_EQ(e.op, "aten::no_such_op.Tensor");
  }
}

TEST_F(BuilderTest, ReadsNumbersOutOfConstants) {
  Value* two = b_.scalar(DType::BF16, 2.0);
  EXPECT_EQ(b_.number_in(two), Argument(2.0));
  EXPECT_EQ(b_.number_in(b_.scalar(DType::U8, int64_t{257})), Argument(int64_t{1}));
  EXPECT_EQ(b_.number_in(b_.scalar(DType::Bool, 0.5)), Argument(true));
  EXPECT_FALSE(b_.number_in(input(DType::F32, {})));
  Value* pair = b_.constant_of<float>(DType::F32, {2}, {3, 4});
  EXPECT_EQ(b_.number_in(b_.select(pair, 0, 1)), Argument(4.0));
}

TEST_F(BuilderTest, FoldsCastsOfNumbers) {
  Value* n = b_.cast(b_.scalar(DType::F32, 3.75), DType::I32);
  EXPECT_EQ(n->kind, Value::Kind::Constant);
  EXPECT_EQ(b_.number_in(n), Argument(int64_t{3}));
}

TEST_F(BuilderTest, SharesEqualConstants) { EXPECT_EQ(b_.scalar(DType::F32, 1.0), b_.scalar(DType::F32, int64_t{1})); }

TEST_F(BuilderTest, ScattersIntoAWindow) {
  Value* root = b_.constant_of<int32_t>(DType::I32, {2, 3}, {0, 1, 2, 3, 4, 5});
  Value* column = b_.select(root, 1, 2);
  Value* changed = b_.view_scatter(root, column, b_.constant_of<int32_t>(DType::I32, {2}, {8, 9}));
  Environment env;
  run_graph(graph_, env);
  const ConstantData data = gather(changed, env);
  const auto* e = reinterpret_cast<const int32_t*>(data.data);
  EXPECT_EQ(std::vector<int32_t>(e, e + 6), (std::vector<int32_t>{0, 1, 8, 3, 4, 9}));
}

TEST_F(BuilderTest, ReplacesAllOfARootWithoutReadingIt) {
  Value* root = input(DType::F32, {2, 3});
  Value* source = input(DType::F32, {3, 2});
  Value* changed = b_.view_scatter(root, b_.transpose(root, 0, 1), source);
  EXPECT_EQ(changed->type.sizes, root->type.sizes);
  for (const auto& node : graph_.nodes)
    if (node->op != "etc::view")
      for_each_operand(static_cast<const Node&>(*node), [&](const Value* v) { EXPECT_NE(root_of(const_cast<Value*>(v)), root); });
}

TEST_F(BuilderTest, RefusesToWriteIntoAnExpandedTensor) {
  Value* root = input(DType::F32, {2});
  Value* expanded = b_.expand(b_.slice(root, 0, 0, 1), {3});
  EXPECT_THROW(b_.view_scatter(root, expanded, input(DType::F32, {3})), CompileError);
}

}  // namespace
}  // namespace etc::compile
