// Writes reach every name that shows the memory, and nobody else.
#include "import/functionalise.h"

#include <gtest/gtest.h>

#include "ir/interpret.h"

namespace etc::compile {
namespace {

using Elements = std::vector<int32_t>;

class MemoryTest : public testing::Test {
 protected:
  void SetUp() override { memory_.define("x", b_.constant_of<int32_t>(DType::I32, {2, 3}, {0, 1, 2, 3, 4, 5}), true); }
  Value* numbers(Sizes sizes, Elements e) { return b_.constant_of(DType::I32, std::move(sizes), e); }
  Elements elements(const std::string& name) {
    Value* v = memory_.read(name);
    Environment env;
    run_graph(graph_, env);
    const ConstantData data = gather(v, env);
    const auto* first = reinterpret_cast<const int32_t*>(data.data);
    return {first, first + data.bytes / 4};
  }
  Graph graph_;
  Builder b_{graph_};
  Memory memory_{b_};
};

TEST_F(MemoryTest, WritesThroughAViewReachTheBaseAndItsOtherViews) {
  memory_.define_view("row", "x", b_.select(memory_.read("x"), 0, 1));
  memory_.define_view("column", "x", b_.select(memory_.read("x"), 1, 0));
  memory_.write("column", numbers({2}, {7, 8}));
  EXPECT_EQ(elements("x"), (Elements{7, 1, 2, 8, 4, 5}));
  EXPECT_EQ(elements("row"), (Elements{8, 4, 5}));
}

TEST_F(MemoryTest, WritesToTheBaseReachViews) {
  memory_.define_view("t", "x", b_.transpose(memory_.read("x"), 0, 1));
  memory_.write("x", numbers({2, 3}, {9, 8, 7, 6, 5, 4}));
  EXPECT_EQ(elements("t"), (Elements{9, 6, 8, 5, 7, 4}));
}

TEST_F(MemoryTest, CopiesKeepTheirContents) {
  memory_.define("clone", memory_.read("x"), true);  // the same value, as clone gives in a functional graph
  memory_.write("x", numbers({2, 3}, {9, 8, 7, 6, 5, 4}));
  EXPECT_EQ(elements("clone"), (Elements{0, 1, 2, 3, 4, 5}));
  memory_.write("clone", numbers({2, 3}, {1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(elements("x"), (Elements{9, 8, 7, 6, 5, 4}));
}

TEST_F(MemoryTest, ValuesReadBeforeAWriteStayAsTheyWere) {
  memory_.define("sum", b_.op("etc::copy", {memory_.read("x")}), false);
  memory_.write("x", numbers({2, 3}, {9, 8, 7, 6, 5, 4}));
  EXPECT_EQ(elements("sum"), (Elements{0, 1, 2, 3, 4, 5}));
}

TEST_F(MemoryTest, AReshapeThatHadToCopyStaysConnected) {
  memory_.define_view("t", "x", b_.transpose(memory_.read("x"), 0, 1));
  memory_.define_view("flat", "t", b_.reshape(memory_.read("t"), {6}));  // 0 3 1 4 2 5, a view in PyTorch if x were laid out so
  memory_.define_view("head", "flat", b_.slice(memory_.read("flat"), 0, 0, 2));
  memory_.write("head", numbers({2}, {70, 80}));
  EXPECT_EQ(elements("x"), (Elements{70, 1, 2, 80, 4, 5}));
  memory_.write("x", numbers({2, 3}, {9, 8, 7, 6, 5, 4}));
  EXPECT_EQ(elements("head"), (Elements{9, 6}));
}

TEST_F(MemoryTest, WritesToAnExpandedResultDoNotRepeat) {
  memory_.define("zeros", b_.full(DType::I32, {2, 2}, int64_t{0}), true);
  memory_.define_view("row", "zeros", b_.select(memory_.read("zeros"), 0, 0));
  memory_.write("row", numbers({2}, {1, 2}));
  EXPECT_EQ(elements("zeros"), (Elements{1, 2, 0, 0}));
}

TEST_F(MemoryTest, WritesUnderAnotherDtypeOfTheSameSize) {
  memory_.define_view("bits", "x", b_.bitcast(memory_.read("x"), DType::U32));
  memory_.write("bits", b_.constant_of<uint32_t>(DType::U32, {2, 3}, {1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(memory_.read("x")->type.dtype, DType::I32);
  EXPECT_EQ(elements("x"), (Elements{1, 2, 3, 4, 5, 6}));
}

}  // namespace
}  // namespace etc::compile
