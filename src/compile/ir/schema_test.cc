#include "ir/schema.h"

#include <gtest/gtest.h>

#include "ir/error.h"

namespace etc::compile {
namespace {

using Ints = std::vector<int64_t>;

const Argument& default_of(const Schema& s, const char* argument) {
  return *s.arguments.at(static_cast<size_t>(s.find(argument))).default_value;
}

TEST(Schema, ReadsNamesTypesAndDefaults) {
  const Schema s = parse_schema(
      "aten::conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=0, int groups=1) -> Tensor");
  EXPECT_EQ(s.name, "aten::conv2d");
  ASSERT_EQ(s.arguments.size(), 6u);
  EXPECT_EQ(s.arguments[1].name, "weight");
  EXPECT_FALSE(s.arguments[1].default_value);
  EXPECT_TRUE(s.arguments[2].is_optional);
  EXPECT_EQ(default_of(s, "bias"), Argument(None{}));
  EXPECT_EQ(s.arguments[3].type, "SymInt");
  EXPECT_EQ(s.arguments[3].list_size, 2);
  EXPECT_EQ(default_of(s, "stride"), Argument(Ints{1, 1}));
  EXPECT_EQ(default_of(s, "padding"), Argument(Ints{0, 0})) << "one number stands for the whole list";
  EXPECT_EQ(default_of(s, "groups"), Argument(int64_t{1}));
  ASSERT_EQ(s.returns.size(), 1u);
  EXPECT_EQ(s.returns[0].type, "Tensor");
}

TEST(Schema, GivesDefaultsTheTypeOfTheArgument) {
  const Schema s = parse_schema(
      "t::t(float a=1, float b=1e-05, Scalar c=1, Scalar d=1., bool e=True, bool? f=None, str g=\"none\", int[]? h=None, int[] i=[], "
      "str j='x,)', float[2] k=[0., 1.5], int l=Mean, str m=\"\\n\", int n=-1) -> ()");
  EXPECT_EQ(default_of(s, "a"), Argument(1.0));
  EXPECT_EQ(default_of(s, "b"), Argument(1e-5));
  EXPECT_EQ(default_of(s, "c"), Argument(int64_t{1}));
  EXPECT_EQ(default_of(s, "d"), Argument(1.0));
  EXPECT_EQ(default_of(s, "e"), Argument(true));
  EXPECT_EQ(default_of(s, "f"), Argument(None{}));
  EXPECT_EQ(default_of(s, "g"), Argument(std::string("none")));
  EXPECT_EQ(default_of(s, "h"), Argument(None{}));
  EXPECT_EQ(default_of(s, "i"), Argument(Ints{}));
  EXPECT_EQ(default_of(s, "j"), Argument(std::string("x,)")));
  EXPECT_EQ(default_of(s, "k"), Argument(std::vector<double>{0, 1.5}));
  EXPECT_EQ(default_of(s, "l"), Argument(int64_t{1}));
  EXPECT_EQ(default_of(s, "m"), Argument(std::string("\n")));
  EXPECT_EQ(default_of(s, "n"), Argument(int64_t{-1}));
  EXPECT_TRUE(s.returns.empty());
}

TEST(Schema, NumbersDTypesAndMemoryFormatsAsTheIrDoes) {
  const Schema s =
      parse_schema("t::t(*, ScalarType? a=long, ScalarType? b=4, MemoryFormat c=contiguous_format, MemoryFormat? d=0) -> Tensor");
  EXPECT_EQ(default_of(s, "a"), Argument(int64_t{static_cast<int>(DType::I64)}));
  EXPECT_EQ(default_of(s, "b"), default_of(s, "a"));
  EXPECT_EQ(default_of(s, "c"), Argument(int64_t{1}));
  EXPECT_EQ(default_of(s, "d"), default_of(s, "c"));
  EXPECT_TRUE(s.arguments[0].is_keyword_only);
}

TEST(Schema, ReadsAliasesAndListsOfOptionals) {
  const Schema s = parse_schema("aten::index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor(a!)");
  EXPECT_TRUE(s.arguments[0].is_written);
  EXPECT_EQ(s.arguments[0].alias, 'a');
  EXPECT_TRUE(s.arguments[1].is_list);
  EXPECT_TRUE(s.arguments[1].has_optional_elements);
  EXPECT_FALSE(s.arguments[1].is_optional);
  EXPECT_EQ(s.returns[0].alias, 'a');

  const Schema split = parse_schema("aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]");
  EXPECT_EQ(split.arguments[0].alias, 'a');
  EXPECT_FALSE(split.arguments[0].is_written);
  EXPECT_TRUE(split.returns[0].is_list);

  const Schema foreach = parse_schema("aten::_foreach_add_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()");
  EXPECT_TRUE(foreach.arguments[0].is_list && foreach.arguments[0].is_written);
}

TEST(Schema, ReadsNamedReturns) {
  const Schema s = parse_schema("aten::max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)");
  ASSERT_EQ(s.returns.size(), 2u);
  EXPECT_EQ(s.returns[1].name, "indices");
  EXPECT_EQ(s.find("keepdim"), 2);
  EXPECT_EQ(s.find("indices"), -1);
}

TEST(Schema, RefusesWhatIsNoSchema) {
  for (const char* text :
       {"", "aten::a", "aten::a(Tensor", "aten::a(Tensor self)", "aten::a(Tensor self -> Tensor", "aten::a(Tensor self) -> Tensor x",
        "aten::a(str s=\"x) -> Tensor", "aten::a(int i=word) -> Tensor", "aten::a(Tensor a Tensor b) -> Tensor"})
    EXPECT_THROW(parse_schema(text), InternalError) << text;
}

}  // namespace
}  // namespace etc::compile
