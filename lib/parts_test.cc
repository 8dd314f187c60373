// A core without dynamic sizes and delegates, which this test is linked with: it runs what is left, and refuses the rest at load.
#include <gtest/gtest.h>

#include "testing/ops.h"

namespace etc::testing {
namespace {

Error load_error(const FileSpec& spec) {
  const FileBytes file = spec.encode();
  const Loaded l(file);
  EXPECT_EQ(l.opened, Error::Ok);
  EXPECT_EQ(l.program.needs(0, kTables).error(), l.loaded);
  return l.loaded;
}

TEST(SmallCore, RunsFixedSizesAndJumps) {
  const FileBytes sum = sum_file().encode(), loop = loop_file(5).encode();
  Loaded s(sum), l(loop);
  ASSERT_EQ(s.loaded, Error::Ok);
  EXPECT_EQ(s.method->execute(nullptr), Error::Ok);
  EXPECT_EQ(s.output()[3], 8);
  EXPECT_EQ(l.method->execute(nullptr), Error::Ok);
  EXPECT_EQ(*l.output(), 5);
}

TEST(SmallCore, RefusesWhatItLeavesOut) {
  FileSpec values = sum_file();
  values.dynamic_value(2, 0, DType::F32, {4});
  EXPECT_EQ(load_error(values), Error::MissingOp);

  FileSpec eval = sum_file();
  eval.method().blocks.clear();
  eval.eval({});
  eval.block();
  EXPECT_EQ(load_error(eval), Error::MissingOp);

  FileSpec delegate = sum_file();
  delegate.method().blocks.clear();
  delegate.delegate("test_scale", "", 0, 64, {tensor(0), tensor(3)});
  delegate.block();
  EXPECT_EQ(load_error(delegate), Error::MissingOp);

  FileSpec call = sum_file();
  call.method().instructions[0].flags = format::kDynamicCall;
  EXPECT_EQ(load_error(call), Error::MissingOp);
}

}  // namespace
}  // namespace etc::testing
