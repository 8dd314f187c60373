// Passes change how, never what: a graph computes the same bits before and after each pass (close ones after fold-batch-norm and where fast
// kernels come in), on random graphs and on the models of the corpus.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "emit/emit.h"
#include "import/archive.h"
#include "import/import_graph.h"
#include "ir/builder.h"
#include "ir/interpret.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "passes/pass.h"
#include "plan/assign.h"
#include "plan/check.h"
#include "plan/lower.h"

namespace etc::compile {
namespace {

using Random = std::mt19937;

int64_t below(Random& random, int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); }

// Floats with the numbers that identities get wrong; integers stay small, so that they are indices too.
ConstantData random_data(const TensorType& type, Random& random) {
  std::vector<std::byte> bytes(static_cast<size_t>(type.bytes()));
  const size_t width = size_in_bytes(type.dtype);
  for (size_t at = 0; at < bytes.size(); at += width) {
    constexpr float kOdd[] = {0.0f, -0.0f, 1.0f, -1.0f, INFINITY, NAN};
    if (type.dtype == DType::F32) {
      const float x = below(random, 2) ? static_cast<float>(below(random, 2001) - 1000) / 250 : kOdd[below(random, 6)];
      std::memcpy(&bytes[at], &x, 4);
    } else if (!is_floating(type.dtype)) {
      bytes[at] = static_cast<std::byte>(below(random, 2));
    }
  }
  return ConstantData::copy_of(bytes.data(), bytes.size());
}

// What the graph's outputs are; inputs are filled from `seed`.
std::vector<ConstantData> outputs_of(const Graph& graph, unsigned seed) {
  Random random(seed);
  Environment env;
  for (const Value* v : graph.inputs) env[v] = random_data(v->type, random);
  run_graph(graph, env);
  std::vector<ConstantData> outputs;
  for (const Output& o : graph.outputs) outputs.push_back(gather(o.value, env));
  return outputs;
}

bool is_close(const ConstantData& a, const ConstantData& b, DType dtype, bool nan_may_differ = false) {
  if (a.bytes == b.bytes && std::memcmp(a.data, b.data, a.bytes) == 0) return true;
  if (dtype != DType::F32) return false;
  for (size_t at = 0; at < a.bytes; at += 4) {
    float x, y;
    std::memcpy(&x, a.data + at, 4);
    std::memcpy(&y, b.data + at, 4);
    if (!(x == y || (nan_may_differ ? std::isnan(x) || std::isnan(y) : std::isnan(x) && std::isnan(y)) ||
          std::abs(x - y) <= 1e-3f * (1 + std::abs(x))))
      return false;
  }
  return true;
}

// Transposed convolutions over packed weights multiply pixels by zero where there is no weight.
bool spreads_nan_otherwise(const Pass& pass) { return std::string(pass.name) == "pack-weights"; }
bool rounds_otherwise(const Pass& pass) { return pass.needs_packed_kernels || std::string(pass.name) == "fold-batch-norm"; }

// Runs all passes, comparing after each. NaN payloads aside, kernels must agree whatever the strides of their operands.
void judge(Graph& graph, unsigned seed) {
  const std::string before = print_graph(graph);
  std::vector<ConstantData> expected = outputs_of(graph, seed);
  bool exact = true;
  for (const Pass& pass : all_passes()) {
    const bool changed = run_pass(pass, graph);
    verify(graph, pass.name);
    if (changed && rounds_otherwise(pass)) exact = false;
    const std::vector<ConstantData> outputs = outputs_of(graph, seed);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const ConstantData &a = expected[i], &b = outputs[i];
      const bool same = exact ? a.bytes == b.bytes && std::memcmp(a.data, b.data, a.bytes) == 0
                              : is_close(a, b, graph.outputs[i].value->type.dtype, changed && spreads_nan_otherwise(pass));
      ASSERT_TRUE(same) << "output " << i << " differs after " << pass.name << "\nbefore: " << before << "\nafter: " << print_graph(graph);
    }
    if (changed && spreads_nan_otherwise(pass)) expected = outputs;
  }
}

// Grows a graph from a few inputs and constants by random ops on random values.
class Grower {
 public:
  explicit Grower(unsigned seed) : random_(seed), b_(graph_) {}

  Graph grow() {
    for (int i = 0; i < 2; ++i) values_.push_back(graph_.add_input("x" + std::to_string(i), random_type()));
    for (int i = 0; i < 2; ++i) {
      const TensorType type = random_type();
      values_.push_back(b_.constant("c" + std::to_string(i), type, random_data(type, random_)));
    }
    for (float n : {0.0f, -0.0f, 1.0f})
      values_.push_back(b_.full(DType::F32, below(random_, 2) ? Sizes() : random_type().sizes, static_cast<double>(n)));
    Value* state = graph_.add_state("s", random_type(), {});
    state->constant = random_data(state->type, random_);
    values_.push_back(state);
    const int64_t count = 4 + below(random_, 12);
    for (int64_t i = 0; i < count; ++i)
      if (Value* v = random_op(); v && v->type.numel() <= 4096) values_.push_back(v);
    for (int i = 0; i < 5; ++i) {
      Value* v = any();
      graph_.outputs.push_back({Output::Kind::User, "o" + std::to_string(i), v, nullptr});
    }
    for (Value* v : values_)
      if (v->producer && v->type.sizes == state->type.sizes) {
        graph_.outputs.push_back({Output::Kind::State, "", v, state});
        break;
      }
    return std::move(graph_);
  }

 private:
  TensorType random_type() {
    Sizes sizes;
    for (int64_t d = below(random_, 4); d > 0; --d) sizes.push_back(1 + below(random_, 3));
    return TensorType(DType::F32, sizes);
  }
  Value* any() { return values_[static_cast<size_t>(below(random_, static_cast<int64_t>(values_.size())))]; }

  static bool broadcast(const Sizes& a, const Sizes& b) {
    for (size_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
      const int64_t x = a[a.size() - i], y = b[b.size() - i];
      if (x != y && x != 1 && y != 1) return false;
    }
    return true;
  }

  Value* random_op() {
    Value* v = any();
    const auto rank = static_cast<int64_t>(v->type.sizes.size());
    switch (below(random_, 24)) {
      case 0: return b_.op("aten::relu", {v});
      case 1: return b_.op("aten::neg", {v});
      case 2: return b_.copy(v);
      case 3: return rank ? b_.transpose(v, below(random_, rank), below(random_, rank)) : nullptr;
      case 4: {
        if (rank == 0) return nullptr;
        const int64_t d = below(random_, rank), size = v->type.sizes[static_cast<size_t>(d)], start = below(random_, size);
        return b_.slice(v, d, start, start + 1 + below(random_, size - start), 1 + below(random_, 2));
      }
      case 5: return b_.reshape(v, {-1});
      case 6: {
        Sizes sizes = v->type.sizes;
        sizes.insert(sizes.begin(), 2);
        return rank < 4 ? b_.expand(v, sizes) : nullptr;
      }
      case 7: return rank ? b_.op("aten::cat", {Values{v}, int64_t{0}}) : nullptr;
      case 8: return b_.cast(b_.cast(v, DType::F64), DType::F32);
      case 9: {  // a window replaced
        if (rank == 0 || is_view(v)) return nullptr;
        Value* window = b_.slice(v, 0, 0, 1);
        return b_.view_scatter(v, window, b_.op("aten::neg", {window}));
      }
      case 10:
      case 11:
      case 12: {
        constexpr const char* kUnary[] = {"aten::abs",  "aten::exp",       "aten::sigmoid", "aten::tanh",
                                          "aten::silu", "aten::hardswish", "aten::erf"};
        return b_.op(kUnary[below(random_, 7)], {v});
      }
      case 13: return b_.op("aten::clamp", {v, -1.0, 0.5});
      default: break;
    }
    Value* w = any();
    if (below(random_, 2)) std::swap(v, w);
    constexpr const char* kBinary[] = {"aten::mul.Tensor", "aten::add.Tensor", "aten::sub.Tensor", "aten::div.Tensor", "aten::maximum"};
    return broadcast(v->type.sizes, w->type.sizes) ? b_.op(kBinary[below(random_, 5)], {v, w}) : nullptr;
  }

  Graph graph_;
  Random random_;
  Builder b_;
  std::vector<Value*> values_;
};

TEST(Passes, KeepTheBitsOfRandomGraphs) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Graph graph = Grower(seed).grow();
    judge(graph, seed);
    if (HasFatalFailure()) return;
  }
}

// Calls f with a function that imports the model afresh, for each model of the corpus that this compiler takes.
template <class F>
int for_each_model(F f) {
  const char* folder = std::getenv("ETC_CORPUS");
  int count = 0;
  if (!folder || !std::filesystem::exists(folder)) return count;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".pt2") continue;
    SCOPED_TRACE(entry.path().filename().string());
    try {
      Archive archive(entry.path());
      const std::string model = archive.models()[0];
      f([&] { return import_graph(archive.program(model), [&](const std::string& fqn) { return archive.weight(model, fqn); }); });
    } catch (const CompileError&) {
      continue;  // not supported, or not for these inputs
    }
    if (testing::Test::HasFatalFailure()) break;
    ++count;
  }
  return count;
}

TEST(Passes, KeepTheBitsOfTheCorpus) {
  const int judged = for_each_model([](auto import) {
    Graph graph = import();
    judge(graph, 1);
  });
  if (judged == 0) GTEST_SKIP() << "no corpus";
  EXPECT_GT(judged, 60);
}

// Without any one pass the model still compiles to a right plan and computes the same.
TEST(Passes, CanBeSwitchedOffOneByOne) {
  const int judged = for_each_model([](auto import) {
    const std::vector<ConstantData> expected = outputs_of(import(), 1);
    std::set<std::string> names;
    for (const Pass& pass : all_passes())
      if (pass.optional) names.insert(pass.name);
    for (const std::string& name : names) {
      Model model;
      model.methods.push_back(import());
      Graph& graph = model.methods[0];
      run_passes(graph, all_passes(), {name}, nullptr, nullptr, nullptr);
      const std::vector<ConstantData> outputs = outputs_of(graph, 1);
      for (size_t i = 0; i < outputs.size(); ++i)
        ASSERT_TRUE(is_close(expected[i], outputs[i], graph.outputs[i].value->type.dtype, true)) << "output " << i << " without " << name;
      ProgramPlan plan = lower(model);
      plan_memory(plan);
      const AlignedBytes file = emit(plan);
      ASSERT_TRUE(check_plan(file.span()).empty()) << "without " << name;
    }
  });
  if (judged == 0) GTEST_SKIP() << "no corpus";
}

}  // namespace
}  // namespace etc::compile
