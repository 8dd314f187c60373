// Promotion as torch.promote_types and torch.result_type do it.
#include "ir/promote.h"

#include <gtest/gtest.h>

#include "ir/error.h"

namespace etc::compile {
namespace {

TEST(Promote, KnowsTheLattice) {
  EXPECT_EQ(promote_types(DType::Bool, DType::U8), DType::U8);
  EXPECT_EQ(promote_types(DType::U8, DType::I8), DType::I16);
  EXPECT_EQ(promote_types(DType::I32, DType::U8), DType::I32);
  EXPECT_EQ(promote_types(DType::I64, DType::F16), DType::F16);
  EXPECT_EQ(promote_types(DType::F16, DType::BF16), DType::F32);
  EXPECT_EQ(promote_types(DType::BF16, DType::F64), DType::F64);
  EXPECT_EQ(promote_types(DType::F8E5M2, DType::F8E5M2), DType::F8E5M2);
}

TEST(Promote, RefusesFloat8WithOthers) { EXPECT_THROW(promote_types(DType::F8E5M2, DType::F32), CompileError); }

TEST(ResultType, LetsDimensionsDecideWithinAKind) {
  ResultType t;
  t.add_tensor(DType::F16, 2);
  t.add_tensor(DType::F64, 0);
  t.add_number(DType::F32);
  EXPECT_EQ(t.get(), DType::F16);
}

TEST(ResultType, RaisesTheKindForLowerCategories) {
  ResultType a;
  a.add_tensor(DType::I32, 1);
  a.add_number(DType::F32);
  EXPECT_EQ(a.get(), DType::F32);
  ResultType b;
  b.add_tensor(DType::Bool, 1);
  b.add_number(DType::I64);
  EXPECT_EQ(b.get(), DType::I64);
  ResultType c;
  c.add_tensor(DType::I32, 0);
  c.add_number(DType::I64);
  EXPECT_EQ(c.get(), DType::I32);
}

TEST(ResultType, IsEmptyWithoutOperands) { EXPECT_FALSE(ResultType().get()); }

}  // namespace
}  // namespace etc::compile
