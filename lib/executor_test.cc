// Running: blocks, jumps, budgets, steps, and what a failed run says.
#include <gtest/gtest.h>

#include <cmath>

#include "testing/ops.h"

namespace etc::testing {
namespace {

TEST(Executor, RunsInstructionsInOrder) {
  const FileBytes file = sum_file().encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  for (int run = 0; run < 3; ++run) {
    for (int i = 0; i < 4; ++i) l.input()[i] = static_cast<float>(100 * run);
    ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(l.output()[i], static_cast<float>(100 * run + 2 * (i + 1)));
  }
}

TEST(Executor, HandsEveryArgumentToTheKernel) {
  FileSpec f;
  f.pool("main", 64);
  f.begin_method("forward");
  f.reals = {0.5, 1.5, 2.5};
  f.strings += "text";
  f.ints = {7, 2, 3, 5, 1, 0};
  const uint32_t out = f.value(2, 0, DType::F32, {10});
  f.call(ops::test_args, {none(), operand(OperandKind::Int, 0), operand(OperandKind::Real, 1), operand(OperandKind::Bool, 1),
                          operand(OperandKind::String, 0, 4), operand(OperandKind::Bool, 1), operand(OperandKind::Ints, 1, 3),
                          operand(OperandKind::Reals, 0, 3), operand(OperandKind::Bools, 4, 2), none(), tensor(out)});
  f.output("y", out);
  f.block();
  const FileBytes file = f.encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
  const float expected[10] = {0, 7, 1.5, 1, 4, 1, 10, 4.5, 2, -1};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(l.output()[i], expected[i]) << i;
}

TEST(Executor, GivesKernelsTheirScratch) {
  FileSpec f;
  f.pool("main", 192);
  f.begin_method("forward");
  const uint32_t x = f.value(2, 0, DType::F32, {3}), y = f.value(2, 64, DType::F32, {3}), scratch = f.value(2, 128, DType::U8, {12});
  f.call(ops::test_reverse, {tensor(x), tensor(y)}, tensor(scratch));
  f.input("x", x);
  f.output("y", y);
  f.block();
  const FileBytes file = f.encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  for (int i = 0; i < 3; ++i) l.input()[i] = static_cast<float>(i);
  ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(l.output()[i], static_cast<float>(2 - i));
}

TEST(Executor, LoopsUntilThePredicateIsFalse) {
  const FileBytes file = loop_file(5).encode();
  Loaded l(file);
  ASSERT_EQ(l.loaded, Error::Ok);
  for (const float start : {0.0f, 3.0f, 4.5f, 100.0f}) {
    *l.input() = start;
    ASSERT_EQ(l.method->execute(nullptr), Error::Ok);
    EXPECT_EQ(*l.output(), start < 5 ? start + std::ceil(5 - start) : start + 1);
  }
}

TEST(Executor, SpendsTheBudgetOnBackwardJumpsOnly) {
  const FileBytes file = loop_file(5).encode();
  Loaded l(file);
  *l.input() = 0;
  EXPECT_EQ(l.method->execute(nullptr, 4), Error::Ok);
  *l.input() = 0;
  Fault fault;
  EXPECT_EQ(l.method->execute(&fault, 3), Error::OutOfBudget);
  EXPECT_EQ(fault.error, Error::OutOfBudget);
  *l.input() = 4;
  EXPECT_EQ(l.method->execute(nullptr, 0), Error::Ok);
}

TEST(Executor, EndsALoopOfNothing) {
  FileSpec f;
  f.begin_method("forward");
  f.block(format::BlockEnd::Jump, 0);
  const FileBytes file = f.encode();
  Loaded l(file);  // load runs nothing, so it needs no budget
  ASSERT_EQ(l.loaded, Error::Ok);
  EXPECT_EQ(l.method->execute(nullptr, 1000), Error::OutOfBudget);
  l.method->begin(1000);
  EXPECT_EQ(l.method->step(nullptr).error(), Error::OutOfBudget);
  EXPECT_EQ(l.method->step(nullptr).error(), Error::OutOfBudget);
}

FileSpec failing_file() {
  FileSpec f;
  f.pool("main", 192);
  f.begin_method("forward");
  const uint32_t x = f.value(2, 0, DType::F32, {4}), y = f.value(2, 64, DType::F32, {4}), z = f.value(2, 128, DType::F32, {4});
  f.call(ops::test_add, {tensor(x), tensor(x), tensor(y)});
  f.call(ops::test_positive, {tensor(y), tensor(z)});
  f.input("x", x);
  f.output("z", z);
  f.block();
  return f;
}

TEST(Executor, NamesTheInstructionThatFailed) {
  const FileBytes file = failing_file().encode();
  Loaded l(file);
  l.input()[2] = -1;
  Fault fault;
  EXPECT_EQ(l.method->execute(&fault), Error::BadValue);
  EXPECT_EQ(fault.error, Error::BadValue);
  EXPECT_EQ(fault.instruction, 1u);
  l.input()[2] = 1;
  EXPECT_EQ(l.method->execute(&fault), Error::Ok);
  EXPECT_EQ(l.output()[2], 2);
}

TEST(Step, RunsTheSameInstructionsAsExecute) {
  const FileBytes file = loop_file(3).encode();
  Loaded l(file);
  *l.input() = 0;
  std::vector<uint32_t> order;
  l.method->begin();
  for (;;) {
    const uint32_t next = l.method->next_instruction();
    const Result<bool> ran = l.method->step(nullptr);
    ASSERT_TRUE(ran.ok());
    if (!ran.value()) {
      EXPECT_EQ(next, Fault::kNowhere);
      break;
    }
    order.push_back(next);
  }
  EXPECT_EQ(order, (std::vector<uint32_t>{0, 1, 0, 1, 0, 1}));
  EXPECT_EQ(*l.output(), 3);
  EXPECT_FALSE(l.method->step(nullptr).value());
}

TEST(Step, StopsAtTheInstructionThatFailed) {
  const FileBytes file = failing_file().encode();
  Loaded l(file);
  l.input()[0] = -1;
  l.method->begin();
  Fault fault;
  EXPECT_TRUE(l.method->step(&fault).ok());
  EXPECT_EQ(l.method->step(&fault).error(), Error::BadValue);
  EXPECT_EQ(fault.instruction, 1u);
  EXPECT_EQ(l.method->next_instruction(), 1u);
}

TEST(Step, SpendsTheBudget) {
  const FileBytes file = loop_file(5).encode();
  Loaded l(file);
  *l.input() = 0;
  l.method->begin(1);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(l.method->step(nullptr).ok());
  EXPECT_EQ(l.method->step(nullptr).error(), Error::OutOfBudget);
}

}  // namespace
}  // namespace etc::testing
