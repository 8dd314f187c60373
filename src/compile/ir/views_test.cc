// Views: windows that PyTorch would give, judged by reading every element.
#include "ir/views.h"

#include <gtest/gtest.h>

#include <numeric>

#include "ir/builder.h"
#include "ir/interpret.h"

namespace etc::compile {
namespace {

class Views : public testing::Test {
 protected:
  // The numbers 0, 1, 2, … in these sizes.
  Value* counting(Sizes sizes) {
    std::vector<int32_t> data(static_cast<size_t>(TensorType(DType::I32, sizes).numel()));
    std::iota(data.begin(), data.end(), 0);
    return b_.constant_of(DType::I32, std::move(sizes), data);
  }
  std::vector<int32_t> elements(const Value* v) {
    const ConstantData data = gather(v, {});
    const auto* first = reinterpret_cast<const int32_t*>(data.data);
    return {first, first + data.bytes / 4};
  }
  using Elements = std::vector<int32_t>;
  Graph graph_;
  Builder b_{graph_};
};

TEST_F(Views, SlicesLikePython) {
  Value* v = counting({2, 5});
  EXPECT_EQ(elements(b_.slice(v, 1, 1, INT64_MAX, 2)), (Elements{1, 3, 6, 8}));
  EXPECT_EQ(elements(b_.slice(v, -1, -2, -1)), (Elements{3, 8}));
  EXPECT_EQ(elements(b_.slice(v, 0, 5, 9)), Elements{});
}

TEST_F(Views, ComposeToOneWindowOnTheRoot) {
  Value* v = counting({2, 3, 4});
  Value* w = b_.select(b_.transpose(b_.slice(v, 2, 1, 3), 0, 2), 1, -1);
  EXPECT_EQ(root_of(w), v);
  EXPECT_EQ(w->type.sizes, (Sizes{2, 2}));
  EXPECT_EQ(elements(w), (Elements{9, 21, 10, 22}));
}

TEST_F(Views, OfEverythingAreTheRootItself) {
  Value* v = counting({2, 3});
  EXPECT_EQ(b_.permute(b_.permute(v, {1, 0}), {1, 0}), v);
  EXPECT_EQ(b_.reshape(b_.reshape(v, {6}), {2, -1}), v);
  EXPECT_EQ(b_.slice(v, 0, 0, 2), v);
}

TEST_F(Views, ExpandWithoutCopying) {
  Value* v = b_.expand(counting({3, 1}), {2, -1, 2});
  EXPECT_EQ(elements(v), (Elements{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2}));
  EXPECT_THROW(b_.expand(counting({3}), {2}), CompileError);
}

TEST_F(Views, ReshapeStridedMemoryWhereItCan) {
  Value* v = counting({4, 6});
  EXPECT_TRUE(is_view(b_.try_view(b_.slice(v, 0, 1, 3), {3, 2, 2})));
  EXPECT_EQ(elements(b_.try_view(b_.slice(v, 1, 0, 4), {4, 2, 2})), (Elements{0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, 18, 19, 20, 21}));
  EXPECT_EQ(b_.try_view(b_.transpose(v, 0, 1), {24}), nullptr);
}

TEST_F(Views, SqueezeAndUnsqueeze) {
  Value* v = counting({1, 3, 1});
  EXPECT_EQ(b_.squeeze(v, {0, 1})->type.sizes, (Sizes{3, 1}));
  EXPECT_EQ(b_.unsqueeze(v, -1)->type.sizes, (Sizes{1, 3, 1, 1}));
}

TEST_F(Views, StayInsideOfTheRoot) {
  Value* v = counting({2, 3});
  EXPECT_NO_THROW(b_.strided(v, {2, 2}, {1, 4}, 0));
  EXPECT_THROW(b_.strided(v, {2, 2}, {2, 4}, 0), CompileError);
  EXPECT_THROW(b_.strided(v, {1}, {1}, 6), CompileError);
  EXPECT_THROW(b_.strided(v, {INT64_MAX, INT64_MAX}, {0, 0}, 0), CompileError);
  EXPECT_THROW(b_.select(v, 0, 2), CompileError);
  EXPECT_THROW(b_.permute(v, {0, 0}), CompileError);
}

TEST(ViewStrides, AgreeWithPyTorch) {
  EXPECT_EQ(view_strides({2, 3, 4}, {12, 4, 1}, {6, 4}), (Sizes{4, 1}));
  EXPECT_EQ(view_strides({2, 3, 4}, {12, 4, 1}, {4, 6}), (Sizes{6, 1}));
  EXPECT_EQ(view_strides({3, 2}, {1, 3}, {6}), std::nullopt);
  EXPECT_EQ(view_strides({3, 2}, {1, 3}, {3, 2, 1}), (Sizes{1, 3, 3}));
  EXPECT_EQ(view_strides({2, 1, 3}, {3, 100, 1}, {6}), (Sizes{1}));
  EXPECT_EQ(view_strides({}, {}, {1, 1}), (Sizes{1, 1}));
}

TEST(ResolveSizes, InfersOneSize) {
  EXPECT_EQ(resolve_sizes({2, -1}, 6), (Sizes{2, 3}));
  EXPECT_THROW(resolve_sizes({-1, -1}, 6), CompileError);
  EXPECT_THROW(resolve_sizes({4, -1}, 6), CompileError);
  EXPECT_THROW(resolve_sizes({0, -1}, 0), CompileError);
  EXPECT_THROW(resolve_sizes({INT64_MAX, 4}, 6), CompileError);
}

}  // namespace
}  // namespace etc::compile
