// Every static model of the corpus, both forms: imported, interpreted, and compared with what PyTorch gave.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "host/npy.h"
#include "import/import_graph.h"
#include "ir/interpret.h"
#include "ir/verifier.h"
#include "ops/dispatch.h"

namespace etc::compile {
namespace {

using Json = simdjson::dom::element;

std::string corpus() {
  const char* folder = std::getenv("ETC_CORPUS");
  return folder ? folder : "";
}

struct Model {
  std::string name, form;
  friend void PrintTo(const Model& m, std::ostream* out) { *out << m.name << m.form << ".pt2"; }
};

// Models of what is compiled ahead of time with fixed sizes; the other tags are other work.
std::vector<Model> static_models() {
  const std::set<std::string_view> others = {"control_flow", "dynamic",   "unbacked", "data_dependent", "symint_io", "symbool", "symfloat",
                                             "hop",          "quantized", "subclass", "complex",        "fft",       "random"};
  std::vector<Model> models;
  simdjson::dom::parser parser;
  Json manifest;
  if (parser.load(corpus() + "/manifest.json").get(manifest)) return models;
  for (auto [name, model] : manifest.get_object()) {
    bool is_static = true;
    for (Json tag : model["tags"].get_array()) is_static = is_static && !others.count(tag.get_string().value());
    if (!is_static) continue;
    models.push_back({std::string(name), ""});
    models.push_back({std::string(name), ".core"});
  }
  return models;
}

template <class T>
double element(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return static_cast<double>(static_cast<ComputeType<T>>(value));
}

double element_at(DType dtype, const std::byte* data, int64_t i) {
  data += i * size_in_bytes(dtype);
  switch (dtype) {
    case DType::Bool: return element<uint8_t>(data);
    case DType::U8: return element<uint8_t>(data);
    case DType::I8: return element<int8_t>(data);
    case DType::I16: return element<int16_t>(data);
    case DType::I32: return element<int32_t>(data);
    case DType::I64: return element<int64_t>(data);
    case DType::F16: return element<Half>(data);
    case DType::BF16: return element<BFloat16>(data);
    case DType::F32: return element<float>(data);
    case DType::F64: return element<double>(data);
    case DType::F8E4M3FN: return element<Float8E4M3FN>(data);
    case DType::F8E5M2: return element<Float8E5M2>(data);
    case DType::U16: return element<uint16_t>(data);
    case DType::U32: return element<uint32_t>(data);
    default: return element<uint64_t>(data);
  }
}

class Corpus : public testing::TestWithParam<Model> {
 protected:
  const host::Array& array(const std::string& key) {
    for (const host::NamedArray& a : arrays_)
      if (a.first == key) return a.second;
    throw std::runtime_error("no array " + key);
  }

  void expect_close(const std::string& key, const Value* v, const ConstantData& data) {
    const host::Array& wanted = array(key);
    EXPECT_EQ(v->type.sizes, wanted.sizes) << key;
    if (v->type.dtype != wanted.dtype) {
      EXPECT_TRUE(host::is_bits_of(wanted.dtype, v->type.dtype)) << key << " is " << name_of(v->type.dtype);
    }
    if (static_cast<uint64_t>(v->type.bytes()) != wanted.bytes.size()) return;
    for (int64_t i = 0; i < v->type.numel(); ++i) {
      const double got = element_at(v->type.dtype, data.data, i), want = element_at(v->type.dtype, wanted.bytes.data(), i);
      const bool same = got == want || (std::isnan(got) && std::isnan(want)) || std::fabs(got - want) <= atol_ + rtol_ * std::fabs(want);
      if (!same) {
        ADD_FAILURE() << key << " element " << i << ": " << got << ", PyTorch has " << want;
        return;
      }
    }
  }

  std::vector<host::NamedArray> arrays_;
  double rtol_ = 0, atol_ = 0;
};

TEST_P(Corpus, GivesWhatPyTorchGave) {
  simdjson::dom::parser parser;
  const Json model = parser.load(corpus() + "/manifest.json").value()[GetParam().name];
  const std::string stem = corpus() + "/" + GetParam().name;
  arrays_ = host::read_arrays(stem + ".npz");
  rtol_ = model["rtol"].get_double();
  atol_ = model["atol"].get_double();

  Archive archive(stem + GetParam().form + ".pt2");
  const std::string& name = archive.models().front();
  const Graph graph = import_graph(archive.program(name), [&](const std::string& fqn) { return archive.weight(name, fqn); });
  verify(graph, "import");

  std::unordered_map<std::string, ConstantData> inputs_after;
  Environment states;
  for (uint64_t c = 0; c < model["cases"].get_uint64(); ++c) {
    Environment env = states;
    size_t next = 0;
    for (Json in : model["in"].at(c).get_array()) {
      std::string_view key;
      if (in["scalar"].error() == simdjson::SUCCESS || in["key"].get(key)) continue;  // a constant of the program
      ASSERT_LT(next, graph.inputs.size());
      const host::Array& given = array(std::string(key));
      EXPECT_EQ(given.sizes, graph.inputs[next]->type.sizes);
      env[graph.inputs[next++]] = ConstantData::copy_of(given.bytes.data(), given.bytes.size());
    }
    ASSERT_EQ(next, graph.inputs.size());
    run_graph(graph, env);

    size_t output = 0;
    for (Json out : model["out"].at(c).get_array()) {
      std::string_view key;
      if (out["key"].get(key)) continue;  // None
      ASSERT_LT(output, graph.outputs.size());
      ASSERT_EQ(graph.outputs[output].kind, Output::Kind::User);
      const Value* v = graph.outputs[output++].value;
      expect_close(std::string(key), v, gather(v, env));
    }
    for (; output < graph.outputs.size(); ++output) {
      const Output& o = graph.outputs[output];
      ASSERT_NE(o.kind, Output::Kind::User) << "more outputs than PyTorch has";
      const ConstantData data = gather(o.value, env);
      if (o.kind == Output::Kind::State) {
        states[o.target] = data;
      } else {
        const auto at = std::find(graph.inputs.begin(), graph.inputs.end(), o.target) - graph.inputs.begin();
        expect_close("c" + std::to_string(c) + "_inafter" + std::to_string(at), o.value, data);
      }
    }
    for (Json entry : model["state"].at(c).get_array()) {
      const std::string key(entry["key"].get_string().value());
      const std::string label = key.substr(key.find("_state_") + 7);
      for (const Value* s : graph.states)
        if (s->label == label) expect_close(key, s, gather(s, states));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Static, Corpus, testing::ValuesIn(static_models()),
                         [](const auto& info) { return info.param.name + (info.param.form.empty() ? "" : "_core"); });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Corpus);

}  // namespace
}  // namespace etc::compile
