// What the text form promises: whatever it prints it reads back, and its errors name the place.
#include "ir/text.h"

#include <gtest/gtest.h>

#include <cstring>

#include "ir/element_text.h"
#include "ir/error.h"

namespace etc::compile {
namespace {

// Canonical text comes back as it is.
void expect_same(const std::string& text) { EXPECT_EQ(print_graph(parse_graph(text)), text); }

std::string body(const std::string& lines) { return "graph forward {\n" + lines + "}\n"; }

TEST(Text, ReadsBackValuesAndTypes) {
  expect_same(
      body("  input %x: f32[2,3] \"pair.0\"\n"
           "  input %n: i64[]\n"
           "  input %\"odd name\": bool[0,4]\n"
           "  output \"x\" = %x\n"));
}

TEST(Text, ReadsBackStatesAndConstants) {
  expect_same(
      body("  state %cache: f32[2] \"model.cache\" = 1 2\n"
           "  const %w: bf16[2,2] \"\" = 0.5 -1.5 inf nan\n"
           "  const %big: i32[100] = splat -7\n"
           "  const %b: bool[2] = true false\n"
           "  %y: f32[2] = test::op(%w, %big, %b)\n"
           "  output state %cache = %y\n"));
}

TEST(Text, ReadsBackEveryKindOfArgument) {
  expect_same(
      body("  input %x: f32[2]\n"
           "  %y: f32[2] = test::op(%x, none, true, -3, 0.5, inf, -inf, nan, 1e+20, \"a \\\"b\\\" \\x0a\", [%x, none], [1, -2], "
           "[1.0, nan], [true, false], [], tensors[], reals[], bools[], [none])\n"
           "  output \"y\" = %y\n"));
}

TEST(Text, ReadsBackViewsSeveralResultsAndSources) {
  expect_same(
      body("  input %x: f32[2,3]\n"
           "  %t: f32[3,2]{1,3} = etc::view(%x, [3, 2], [1, 3], 0)  @ net/model.py:12 layer1.0 t_1\n"
           "  (%values: f32[3], %indices: i64[3]) = aten::max.dim(%t, 1, false)  @ \"a b.py\":3 \"\" max-1\n"
           "  () = extern my::log(x=%values, level=2)\n"
           "  %z: f32[1] = extern my::noise()\n"
           "  output input %x = %z\n"));
}

TEST(Text, SkipsComments) {
  EXPECT_EQ(print_graph(parse_graph("graph g { # a graph\n input %x: f32[1] # in\n output \"x\" = %x }")),
            "graph g {\n  input %x: f32[1]\n  output \"x\" = %x\n}\n");
}

TEST(Text, PrintsLargeConstantsAsHash) {
  Graph g;
  std::vector<float> data(100);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<float>(i);
  Value* c = g.add_constant("c", TensorType(DType::F32, {100}), ConstantData::copy_of(data.data(), 400));
  g.outputs.push_back({Output::Kind::User, "c", c, nullptr});
  const std::string text = print_graph(g);
  EXPECT_NE(text.find("const %c: f32[100] = hash "), std::string::npos) << text;
  EXPECT_EQ(parse_graph(text).constants()[0]->type, c->type);
}

TEST(Text, KeepsTheBitsOfEveryElement) {
  for (DType t : {DType::F16, DType::BF16, DType::F8E4M3FN, DType::F8E5M2}) {
    const uint32_t width = size_in_bytes(t);
    for (uint32_t bits = 0; bits < (1u << (8 * width)); ++bits) {
      std::byte element[2], back[2] = {};
      std::memcpy(element, &bits, 2);
      const std::string text = element_text(t, element);
      ASSERT_TRUE(parse_element(t, text, back)) << text;
      ASSERT_EQ(std::memcmp(element, back, width), 0) << name_of(t) << " " << bits << " " << text;
    }
  }
  for (uint32_t bits : {0u, 0x80000000u, 1u, 0x7f800000u, 0x7fc00000u, 0xffc00000u, 0x7f800001u, 0x3eaaaaabu}) {
    std::byte element[4], back[4];
    std::memcpy(element, &bits, 4);
    ASSERT_TRUE(parse_element(DType::F32, element_text(DType::F32, element), back));
    EXPECT_EQ(std::memcmp(element, back, 4), 0) << bits;
  }
}

TEST(Text, RefusesElementsThatDoNotFit) {
  std::byte element[8];
  EXPECT_FALSE(parse_element(DType::U8, "256", element));
  EXPECT_FALSE(parse_element(DType::I64, "1.5", element));
  EXPECT_FALSE(parse_element(DType::F32, "", element));
  EXPECT_FALSE(parse_element(DType::F8E5M2, "0x100", element));
  EXPECT_FALSE(parse_element(DType::Bool, "1", element));
}

TEST(Text, RoundTripsBodies) {
  const char* const text = R"(graph g {
  input %p: bool[]
  input %x: f32[2]
  %y: f32[2] = etc::cond(%p, [%x])  @ a.py:3 m cond {
    input %x: f32[2]
    const %c: f32[] = 2
    %y: f32[2] = aten::mul.Tensor(%x, %c)
    output "0" = %y
  } {
    input %x: f32[2]
    (%n: f32[2]) = etc::while([%x], tensors[]) {
      input %h: f32[2]
      const %no: bool[] = false
      output "0" = %no
    } {
      input %h: f32[2]
      output "0" = %h
    }
    output "0" = %n
  }
  output "y" = %y
}
)";
  std::string expected = text;
  expected.replace(expected.find("(%n: f32[2])"), 12, "%n: f32[2]");
  EXPECT_EQ(print_graph(parse_graph(text)), expected);
  EXPECT_EQ(print_graph(parse_graph(expected)), expected);
}

TEST(Text, ErrorsNameLineAndColumn) {
  auto message = [](const std::string& text) {
    try {
      parse_graph(text);
    } catch (const CompileError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message("graph g {\n  output \"y\" = %y\n}"), "graph text, line 2, column 18: no value is called %y up to here");
  EXPECT_EQ(message("graph g {\n  input %x: f31[2]\n}"), "graph text, line 2, column 16: no dtype is called f31");
  EXPECT_EQ(message("graph g {\n input %x: f32[2]\n input %x: f32[2]\n}"), "graph text, line 3, column 10: %x is there already");
  EXPECT_NE(message("graph g {"), "no error");
  EXPECT_NE(message("graph g { } more"), "no error");
  EXPECT_NE(message("graph g { input %x: f32[-2] }"), "no error");
  EXPECT_NE(message("graph g { input %x: f32[4000000000,4000000000,4000000000] }"), "no error");
  EXPECT_NE(message("graph g { input %x: f32[2] %y: f32[2] = a::b(%x, [1, 2.5]) }"), "no error");
}

}  // namespace
}  // namespace etc::compile
