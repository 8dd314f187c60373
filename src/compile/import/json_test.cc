// Reading programs: every kind of argument, defaults, names of inputs and outputs, and hostile documents.
#include "import/json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "import/metadata.h"

namespace etc::compile::exported {
namespace {

// A program of one node whose argument is `argument`.
std::string with_argument(const std::string& argument) {
  return R"({"schema_version":{"major":8,"minor":20},"graph_module":{"graph":{"inputs":[],"outputs":[],"nodes":[
    {"target":"torch.ops.aten.add.Tensor","inputs":[{"name":"a","arg":)" +
         argument +
         R"(,"kind":2}],"outputs":[],"metadata":{}}]},"signature":{"input_specs":[],"output_specs":[]},"module_call_graph":[]}})";
}

Argument read(const std::string& argument) { return read_program(with_argument(argument), "t").graph.nodes.at(0).inputs.at(0).argument; }

std::string error_of(const std::string& json) {
  try {
    read_program(json, "doc");
  } catch (const CompileError& e) {
    return e.what();
  }
  return "no error";
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(Json, KeepsWhatTheModelWrote) {
  EXPECT_TRUE(read(R"({"as_none":true})").is<None>());
  EXPECT_EQ(*read(R"({"as_int":9223372036854775807})").as<int64_t>(), INT64_MAX);
  EXPECT_EQ(*read(R"({"as_float":2.0})").as<double>(), 2.0);
  EXPECT_EQ(*read(R"({"as_float":2})").as<double>(), 2.0);
  EXPECT_EQ(*read(R"({"as_float":"-Infinity"})").as<double>(), -INFINITY);
  EXPECT_TRUE(std::isnan(*read(R"({"as_float":"NaN"})").as<double>()));
  EXPECT_EQ(*read(R"({"as_bool":true})").as<bool>(), true);
  EXPECT_EQ(*read(R"({"as_string":"a\"b"})").as<std::string>(), "a\"b");
  EXPECT_EQ(read(R"({"as_tensor":{"name":"x"}})").as<Tensor>()->name, "x");
  EXPECT_TRUE(read(R"({"as_optional_tensor":{"as_none":true}})").is<None>());
  EXPECT_EQ(read(R"({"as_optional_tensors":[{"as_none":true},{"as_tensor":{"name":"m"}}]})")
                .as<std::vector<std::optional<Tensor>>>()
                ->at(1)
                ->name,
            "m");
  EXPECT_EQ(*read(R"({"as_bools":[true,false]})").as<std::vector<bool>>(), (std::vector<bool>{true, false}));
  EXPECT_EQ(read(R"({"as_complex":{"real":1.0,"imag":2.0}})").as<Complex>()->imag, 2.0);
  EXPECT_EQ(read(R"({"as_memory_format":2})").as<MemoryFormatNumber>()->value, 2);
  EXPECT_EQ(read(R"({"as_device":{"type":"cuda","index":1}})").as<Device>()->index, 1);
  EXPECT_EQ(read(R"({"as_operator":"torch.ops.aten._print.default"})").as<Operator>()->name, "torch.ops.aten._print.default");
  EXPECT_EQ(read(R"({"as_int_lists":[[1],[2,3]]})").as<std::vector<std::vector<int64_t>>>()->at(1).at(1), 3);
}

TEST(Json, ConstantsAmongSymbolsAreConstants) {
  EXPECT_EQ(*read(R"({"as_sym_int":{"as_int":3}})").as<int64_t>(), 3);
  EXPECT_EQ(read(R"({"as_sym_int":{"as_name":"n"}})").as<SymIntName>()->name, "n");
  EXPECT_EQ(*read(R"({"as_sym_ints":[{"as_int":3},{"as_int":4}]})").as<std::vector<int64_t>>(), (std::vector<int64_t>{3, 4}));
  const Argument mixed = read(R"({"as_sym_ints":[{"as_name":"n"},{"as_int":4}]})");
  EXPECT_EQ(std::get<SymIntName>(mixed.as<std::vector<SymIntItem>>()->at(0)).name, "n");
}

TEST(Json, ReadsSubgraphs) {
  const Argument a = read(R"({"as_graph":{"name":"g","graph":{"inputs":[],"outputs":[{"as_int":3}],"nodes":[]}}})");
  EXPECT_EQ(*a.as<Subgraph>()->graph->outputs.at(0).as<int64_t>(), 3);
}

TEST(Json, UnknownTagsFailOnlyWhenUsed) { EXPECT_EQ(read(R"({"as_quaternion":[1]})").as<Unknown>()->tag, "as_quaternion"); }

TEST(Json, NamesThePlaceOfAnError) {
  EXPECT_SAYS(error_of(with_argument(R"({"as_int":"x"})")), "doc: graph_module.graph.nodes[0].inputs[0].arg.as_int: expected an integer");
  EXPECT_SAYS(error_of(with_argument(R"({"as_int":1,"as_float":2})")), "expected an object with one key");
  EXPECT_SAYS(error_of("{"), "not valid JSON");
  EXPECT_SAYS(error_of("[]"), "expected an object");
  EXPECT_SAYS(error_of("{}"), "no schema_version");
  EXPECT_SAYS(error_of(R"({"schema_version":{"major":9,"minor":0}})"), "schema version 9.0 is not supported");
  EXPECT_SAYS(error_of(R"({"schema_version":{"major":8}})"), "has no graph_module");
}

TEST(Json, BoundsNesting) {
  std::string open, close;
  for (int i = 0; i < 5000; ++i) open += R"({"as_string_to_argument":{"a":)", close += "}}";
  EXPECT_SAYS(error_of(with_argument(open + R"({"as_int":1})" + close)), "not valid JSON");
}

TEST(Json, RefusesASignatureThatDoesNotFit) {
  EXPECT_SAYS(error_of(R"({"schema_version":{"major":8},"graph_module":{"graph":{"inputs":[{"as_int":1}]},"signature":{}}})"),
              "one entry for each input");
}

const char* const kLeaf = R"({"type":null,"context":null,"children_spec":[]})";

std::string quoted(const std::string& json) {
  std::string text = "\"";
  for (char c : json) text += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return text + "\"";
}

TEST(Json, NamesInputsAndOutputsByTheirPath) {
  const std::string leaf = kLeaf;
  const std::string in_spec =
      R"([1,{"type":"builtins.tuple","context":"null","children_spec":[{"type":"builtins.tuple","context":"null","children_spec":[)" +
      leaf + R"(,{"type":"builtins.list","context":"null","children_spec":[)" + leaf +
      R"(]}]},{"type":"builtins.dict","context":"[\"k\"]","children_spec":[)" + leaf + "]}]}]";
  const std::string out_spec = R"([1,{"type":"builtins.tuple","context":"null","children_spec":[)" + leaf +
                               R"(,{"type":"builtins.dict","context":"[\"z\"]","children_spec":[)" + leaf + "]}]}]";
  const ExportedProgram p = read_program(
      R"({"schema_version":{"major":8},"graph_module":{"graph":{"inputs":[{"as_tensor":{"name":"a"}},{"as_tensor":{"name":"b"}},{"as_float":0.5}],
        "outputs":[{"as_tensor":{"name":"a"}},{"as_tensor":{"name":"b"}}]},"signature":{
        "input_specs":[{"user_input":{"arg":{"as_tensor":{"name":"a"}}}},{"user_input":{"arg":{"as_tensor":{"name":"b"}}}},{"constant_input":{"name":"k","value":{"as_float":0.5}}}],
        "output_specs":[{"user_output":{"arg":{"as_tensor":{"name":"a"}}}},{"user_output":{"arg":{"as_tensor":{"name":"b"}}}}]},
        "module_call_graph":[{"fqn":"","signature":{"inputs":[],"outputs":[],"in_spec":)" +
          quoted(in_spec) + ",\"out_spec\":" + quoted(out_spec) + R"(,"forward_arg_names":["x","pair","k"]}}]}})",
      "t");
  EXPECT_EQ(p.inputs[0].name, "x");
  EXPECT_EQ(p.inputs[1].name, "pair.0");
  EXPECT_EQ(p.inputs[2].name, "k");
  EXPECT_EQ(p.outputs[0].name, "output_0");
  EXPECT_EQ(p.outputs[1].name, "1.z");
}

TEST(Metadata, FindsTheInnermostLineOfTheUser) {
  const Source s =
      make_source("n",
                  "File \"/home/me/net/model.py\", line 12, in forward\n    y = self.l(x)\n"
                  "  File \"/usr/lib/python3/site-packages/torch/nn/modules/linear.py\", line 134, in forward\n    return F.linear(x)",
                  "L__self__,,net.Model;L__self__layers.0,layers.0,torch.nn.modules.linear.Linear");
  EXPECT_EQ(s.file, "net/model.py");
  EXPECT_EQ(s.line, 12u);
  EXPECT_EQ(s.module, "layers.0");
  EXPECT_EQ(make_source("n", "", "").line, 0u);
}

}  // namespace
}  // namespace etc::compile::exported
