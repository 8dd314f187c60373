// How values are printed.
#include "format.h"

#include <gtest/gtest.h>

#include "literal.h"

namespace etc::run {
namespace {

host::Array array(const std::string& values, DType dtype, std::vector<int64_t> sizes) { return make_array(values, dtype, sizes, "x"); }

TEST(Format, PrintsEnoughDigits) {
  EXPECT_EQ(values_text(array("0.1", DType::F32, {})), "0.1");
  EXPECT_EQ(values_text(array("0.30000000000000004", DType::F64, {})), "0.30000000000000004");
  EXPECT_EQ(values_text(array("true", DType::Bool, {})), "true");
  EXPECT_EQ(values_text(array("-5", DType::I8, {})), "-5");
  EXPECT_EQ(values_text(array("200", DType::U8, {})), "200");
  EXPECT_EQ(values_text(array("1.5", DType::F8E4M3FN, {})), "1.5");
}

TEST(Format, NestsAndAlignsRows) {
  EXPECT_EQ(values_text(array("1,20,3,4,5,6", DType::I32, {2, 3})), "[[ 1, 20,  3],\n [ 4,  5,  6]]");
  EXPECT_EQ(values_text(array("", DType::F32, {0, 3})), "[]");
}

TEST(Format, SummarisesLargeTensors) {
  const std::string text = values_text(array("zeros", DType::F32, {2000}));
  EXPECT_EQ(text, "[0, 0, 0, ..., 0, 0, 0]");
  EXPECT_LT(values_text(array("zeros", DType::F32, {100, 100, 100})).size(), 3000u);
}

TEST(Format, JsonHasNoBareNan) {
  EXPECT_EQ(json_values(array("nan,inf,-inf,1.5", DType::F32, {4})), "[\"NaN\",\"Infinity\",\"-Infinity\",1.5]");
  EXPECT_EQ(json_values(array("1,0", DType::Bool, {2})), "[true,false]");
  EXPECT_EQ(json_text("a\"b\\\n"), "\"a\\\"b\\\\\\u000a\"");
}

}  // namespace
}  // namespace etc::run
