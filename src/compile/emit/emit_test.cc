// Files that emit writes: the core opens and runs them, they are the same every time, and hold what the plan says.
#include "emit/emit.h"

#include <gtest/gtest.h>

#include <cstring>

#include "etc/method.h"
#include "etc/program.h"
#include "ir/error.h"
#include "ir/interpret.h"
#include "plan/plan_test.h"
#include "plan/run_test.h"

namespace etc::compile {
namespace {

const char* const kLines =
    "input %x: f32[2,3] \"x\"\n"
    "state %s: f32[2,3] \"model.s\" = splat 0.5\n"
    "const %w: f32[2,3] \"w\" = 1 -2 3 -4 5 -6\n"
    "%a: f32[2,3] = aten::maximum(%x, %w)  @ net/model.py:7 layer.0 maximum\n"
    "%b: f32[2,3] = aten::minimum(%a, %s)\n"
    "%t: f32[3,2]{1,3} = etc::view(%b, [3, 2], [1, 3], 0)\n"
    "%c: f32[3,2] = etc::copy(%t)\n"
    "%n: f32[2,3] = aten::tanh(%a)\n"
    "output \"c\" = %c\n"
    "output \"x\" = %x\n"
    "output state %s = %n\n";

std::string bytes_of(const AlignedBytes& file) { return {reinterpret_cast<const char*>(file.data()), file.size()}; }

TEST(Emit, WritesTheSameBytesEveryTime) { EXPECT_EQ(bytes_of(emit(PlannedModel(kLines).plan)), bytes_of(emit(PlannedModel(kLines).plan))); }

TEST(Emit, StripLeavesOutNamesForPeople) {
  const PlannedModel m(kLines);
  const std::string full = bytes_of(emit(m.plan)), stripped = bytes_of(emit(m.plan, {true}));
  EXPECT_NE(full.find("model.py"), std::string::npos);
  EXPECT_EQ(stripped.find("model.py"), std::string::npos);
  EXPECT_NE(stripped.find("model.s"), std::string::npos) << "states keep their names";
  EXPECT_LT(stripped.size(), full.size());
}

TEST(Emit, SaysWhatThePlanSays) {
  const PlannedModel m(kLines);
  const AlignedBytes file = emit(m.plan);
  const Result<Program> opened = Program::open(file.span());
  ASSERT_TRUE(opened.ok());
  const Program& p = opened.value();
  ASSERT_EQ(p.method_count(), 1u);
  EXPECT_TRUE(p.method_name(0) == "forward");
  EXPECT_EQ(p.pool_bytes(0, 0), m.method().pools[0].bytes);
  EXPECT_EQ(p.state_bytes(), 64u);
  EXPECT_TRUE(p.state(0).name == "model.s");
  EXPECT_EQ(p.constant_bytes(), m.plan.constant_bytes);
  EXPECT_EQ(p.instruction_count(0), m.method().instructions.size());
  EXPECT_TRUE(p.input(0, 0).name == "x");
  EXPECT_EQ(p.input(0, 0).sizes[1], 3);
  EXPECT_TRUE(p.output(0, 1).name == "x");
}

TEST(Emit, PutsConstantsAtMultiplesOf64OfTheFile) {
  const PlannedModel m(kLines);
  const std::string file = bytes_of(emit(m.plan));
  const float w[] = {1, -2, 3, -4, 5, -6};
  const size_t at = file.find(std::string(reinterpret_cast<const char*>(w), sizeof(w)));
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(at % 64, 0u);
}

TEST(Emit, WritesExternalCallsByName) {
  const PlannedModel m(
      "input %x: f32[2]\n"
      "%y: f32[2] = extern my::op(self=%x, level=2, mode=\"fast\")\n"
      "output \"y\" = %y\n");
  const AlignedBytes file = emit(m.plan);
  const Result<Program> p = Program::open(file.span());
  ASSERT_TRUE(p.ok());
  EXPECT_TRUE(p.value().op_name(0) == "my::op");
  EXPECT_TRUE(p.value().op_is_external(0));
  EXPECT_EQ(p.value().op_hash(0), 0u);
  EXPECT_EQ(faults_of(m.plan), "");
}

TEST(Emit, RefusesLiteralsBeyondTheFormat) {
  PlannedModel m("input %x: f32[2]\n%y: f32[2] = extern my::op(text=\"\")\noutput \"y\" = %y\n");
  m.plan.methods[0].instructions[0].args[0] = std::string(70000, 'x');
  EXPECT_THROW(emit(m.plan), CompileError);
}

// Runs twice, so that state carries over, and compares each output with the interpreter's.
void expect_runs_like_the_interpreter(const PlanOptions& options) {
  const PlannedModel m(kLines, options);
  const AlignedBytes file = emit(m.plan);
  Loaded loaded(file);
  const Graph& graph = m.model.methods[0];
  ConstantData state = graph.states[0]->constant;
  for (int run = 0; run < 2; ++run) {
    const float x[] = {0.1f, -3.f, 2.f, 8.f, static_cast<float>(run), -0.5f};
    Environment env{{graph.inputs[0], ConstantData::copy_of(x, sizeof(x))}, {graph.states[0], state}};
    run_graph(graph, env);
    std::memcpy(loaded.method->input(0).data, x, sizeof(x));
    ASSERT_EQ(loaded.method->execute(nullptr), Error::Ok);
    for (uint32_t o = 0; o < 2; ++o) {
      const ConstantData expected = gather(graph.outputs[o].value, env);
      EXPECT_EQ(std::memcmp(loaded.method->output(o).data, expected.data, expected.bytes), 0) << "output " << o << " of run " << run;
    }
    state = gather(graph.outputs[2].value, env);
  }
}

TEST(Emit, ProgramsRunLikeTheirGraphs) { expect_runs_like_the_interpreter({}); }
TEST(Emit, ProgramsRunLikeTheirGraphsWithoutReuse) { expect_runs_like_the_interpreter({{}, false, false}); }
TEST(Emit, ProgramsRunLikeTheirGraphsInTwoPools) { expect_runs_like_the_interpreter({{{"fast", 128}, {"slow", UINT64_MAX}}, true, true}); }

}  // namespace
}  // namespace etc::compile
