// Control flow becomes blocks that compute what the graph says, with few copies. The judge is the interpreter, on random programs.
#include "plan/flow.h"

#include <cstring>
#include <random>

#include "ir/interpret.h"
#include "passes/pass.h"
#include "plan/plan_test.h"
#include "plan/run_test.h"

namespace etc::compile {
namespace {

PlannedModel planned(const std::string& lines, const PlanOptions& options = {}) {
  PlannedModel m(lines, options);
  EXPECT_EQ(faults_of(m.plan), "");
  return m;
}

size_t swaps(const PlannedModel& m) {
  const auto& all = m.method().instructions;
  return static_cast<size_t>(std::count_if(all.begin(), all.end(), [](const PlannedInstruction& i) { return i.is_swap; }));
}

TEST(Flow, BranchesComputeIntoTheResultWithoutCopies) {
  const auto m = planned(R"(
    input %x: f32[100]
    input %p: bool[]
    %y: f32[100] = etc::cond(%p, [%x]) {
      input %x: f32[100]
      %a: f32[100] = aten::tanh(%x)
      output "0" = %a
    } {
      input %x: f32[100]
      %b: f32[100] = aten::flip(%x, [0])
      %c: f32[100] = aten::exp(%b)
      output "0" = %c
    }
    output "y" = %y
  )");
  EXPECT_EQ(m.copies(), 0u);
  ASSERT_EQ(m.method().blocks.size(), 4u);
  EXPECT_EQ(m.method().blocks[0].end, PlannedBlock::End::JumpIfFalse);
  EXPECT_EQ(m.method().blocks[0].target, 2u);
  EXPECT_EQ(m.method().blocks[1].target, 3u);
  EXPECT_EQ(m.method().blocks[3].end, PlannedBlock::End::Return);
}

TEST(Flow, ABranchThatGivesItsOperandCopies) {
  const auto m = planned(R"(
    input %x: f32[4]
    input %p: bool[]
    %y: f32[4] = etc::cond(%p, [%x]) {
      input %x: f32[4]
      output "0" = %x
    } {
      input %x: f32[4]
      %b: f32[4] = aten::neg(%x)
      output "0" = %b
    }
    output "y" = %y
  )");
  EXPECT_EQ(m.copies(), 1u);
}

// What both branches need besides lies in the same place.
TEST(Flow, BranchesShareSpace) {
  const auto m = planned(R"(
    input %x: f32[100]
    input %p: bool[]
    %y: f32[1] = etc::cond(%p, [%x]) {
      input %x: f32[100]
      %a: f32[100] = aten::flip(%x, [0])
      %m: f32[1] = aten::amax(%a, [0], true)
      output "0" = %m
    } {
      input %x: f32[100]
      %b: f32[100] = aten::tanh(%x)
      %m: f32[1] = aten::amax(%b, [0], true)
      output "0" = %m
    }
    output "y" = %y
  )",
                         {{}, false, true});
  EXPECT_LT(m.buffer("a").last, m.buffer("b").first);
  EXPECT_LT(m.method().pools[0].bytes, 3 * m.buffer("a").bytes);
}

const char* const kLoop = R"(
    input %x: f32[SIZE]
    const %zero: i64[] = 0
    (%n: i64[], %y: f32[SIZE]) = etc::while([%zero, %x], tensors[]) {
      input %i: i64[]
      input %h: f32[SIZE]
      const %end: i64[] = 5
      %more: bool[] = aten::lt.Tensor(%i, %end)
      output "0" = %more
    } {
      input %i: i64[]
      input %h: f32[SIZE]
      const %one: i64[] = 1
      %next: i64[] = aten::add.Tensor(%i, %one, 1)
      %a: f32[SIZE] = OP
      output "0" = %next
      output "1" = %a
    }
    output "y" = %y
  )";

std::string loop(const std::string& op, const std::string& size) {
  std::string text = kLoop;
  for (size_t at; (at = text.find("OP")) != text.npos;) text.replace(at, 2, op);
  for (size_t at; (at = text.find("SIZE")) != text.npos;) text.replace(at, 4, size);
  return text;
}

// One copy each before the loop, none in it.
TEST(Flow, CarriesThatCanBeMadeInPlaceAre) {
  const auto m = planned(loop("aten::tanh(%h)", "100"));
  EXPECT_EQ(m.copies(), 2u);
  EXPECT_EQ(swaps(m), 0u);
}
TEST(Flow, LargeCarriesChangePlaces) {
  const auto m = planned(loop("aten::flip(%h, [0])", "100"));
  EXPECT_EQ(swaps(m), 1u);
  EXPECT_EQ(m.copies(), 3u) << "two before the loop, the output after it";
}
TEST(Flow, SmallCarriesAreCopied) {
  const auto m = planned(loop("aten::flip(%h, [0])", "10"));
  EXPECT_EQ(swaps(m), 0u);
  EXPECT_EQ(m.copies(), 3u);
}

// What a loop needs in every round keeps its place until the end.
TEST(Flow, ClosuresLiveThroughTheLoop) {
  const auto m = planned(R"(
    input %x: f32[100]
    const %zero: i64[] = 0
    %w: f32[100] = aten::exp(%x)
    (%n: i64[], %y: f32[100]) = etc::while([%zero, %x], [%w]) {
      input %i: i64[]
      input %h: f32[100]
      input %w: f32[100]
      const %end: i64[] = 5
      %more: bool[] = aten::lt.Tensor(%i, %end)
      output "0" = %more
    } {
      input %i: i64[]
      input %h: f32[100]
      input %w: f32[100]
      const %one: i64[] = 1
      %a: f32[100] = aten::mul.Tensor(%h, %w)
      %b: f32[100] = aten::tanh(%a)
      %next: i64[] = aten::add.Tensor(%i, %one, 1)
      output "0" = %next
      output "1" = %b
    }
    output "y" = %y
  )");
  EXPECT_EQ(m.buffer("w").last, static_cast<int64_t>(m.method().instructions.size()) - 1);
}

// --- the proof of such plans ---

std::string faults_after(PlannedModel& m, void (*spoil)(MemoryPlan&)) {
  spoil(m.plan.methods[0]);
  return faults_of(m.plan);
}

const char* const kBranches = R"(
    input %x: f32[4]
    input %p: bool[]
    %k: f32[4] = aten::exp(%x)
    %y: f32[4] = etc::cond(%p, [%x, %k]) {
      input %x: f32[4]
      input %k: f32[4]
      %a: f32[4] = aten::tanh(%x)
      %b: f32[4] = aten::sub.Tensor(%a, %k, 1)
      output "0" = %b
    } {
      input %x: f32[4]
      input %k: f32[4]
      %c: f32[4] = aten::flip(%k, [0])
      output "0" = %c
    }
    output "y" = %y
  )";

TEST(Flow, CheckFindsAPathThatDoesNotMakeTheResult) {
  auto m = planned(kBranches, {{}, false, false});
  const std::string faults = faults_after(m, [](MemoryPlan& plan) { plan.blocks[0].target = 3; });
  EXPECT_NE(faults.find("'y' is not made by any instruction before"), std::string::npos) << faults;
}

TEST(Flow, CheckFindsWhatOneBranchOverwrites) {
  auto m = planned(kBranches, {{}, false, false});
  const std::string faults = faults_after(m, [](MemoryPlan& plan) {  // the second branch reads k, the first may not lie there
    for (PlannedValue& v : plan.values)
      if (v.name == "a") v.location.index = plan.values[plan.instructions[0].results[0]].location.index;
  });
  EXPECT_NE(faults.find("argument 'k' finds 'a' in its place"), std::string::npos) << faults;
}

TEST(Flow, CheckFindsWhatTheNextRoundMisses) {
  auto m = planned(loop("aten::tanh(%h)", "100"), {{}, false, false});
  const std::string faults = faults_after(m, [](MemoryPlan& plan) {  // the condition's bool lies on the counter
    uint32_t counter = 0;
    for (const PlannedValue& v : plan.values)
      if (v.name == "n") counter = v.location.index;
    for (PlannedValue& v : plan.values)
      if (v.name == "more") v.location.index = counter;
  });
  EXPECT_NE(faults.find("finds 'more' in its place"), std::string::npos) << faults;
}

TEST(Flow, CheckFollowsSwaps) {
  auto m = planned(loop("aten::flip(%h, [0])", "100"));
  const std::string faults = faults_after(m, [](MemoryPlan& plan) {  // before anything is in the second place
    const auto swap = std::find_if(plan.instructions.begin(), plan.instructions.end(), [](const auto& i) { return i.is_swap; });
    std::swap(*swap, plan.instructions[plan.blocks[plan.blocks.size() - 2].first]);
  });
  EXPECT_NE(faults.find("finds"), std::string::npos) << faults;
}

// --- random programs ---

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed), size_(below(2) ? "4" : "100") {}

  std::string program() {
    std::string text = "input %x0: f32[" + size_ + "]\ninput %x1: f32[" + size_ + "]\nstate %s: f32[" + size_ + "] \"s\" = splat 0.25\n";
    std::vector<std::string> names{"x0", "x1", "s"};
    text += nodes(names, 3, 4 + below(4));
    for (int i = 0; i < 3; ++i) text += "output \"o" + std::to_string(i) + "\" = %" + any(names) + "\n";
    return text + "output state %s = %" + names.back() + "\n";
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  const std::string& any(const std::vector<std::string>& names) {
    return names[static_cast<size_t>(below(static_cast<int>(names.size())))];
  }
  std::string fresh() { return "v" + std::to_string(count_++); }
  std::string type() const { return "f32[" + size_ + "]"; }

  std::string nodes(std::vector<std::string>& names, int depth, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      const std::string name = fresh();
      const int kind = below(depth > 0 ? 9 : 6);
      if (kind >= 6) {
        text += kind == 6 ? loop(names, depth) : cond(names, depth);
        continue;
      }
      text += "%" + name + ": " + type() + " = ";
      switch (kind) {
        case 0: text += "aten::tanh(%" + any(names) + ")\n"; break;
        case 1: text += "aten::neg(%" + any(names) + ")\n"; break;
        case 2: text += "aten::flip(%" + any(names) + ", [0])\n"; break;
        case 3: text += "etc::copy(%" + any(names) + ")\n"; break;
        case 4: text += "aten::maximum(%" + any(names) + ", %" + any(names) + ")\n"; break;
        default: text += "aten::sub.Tensor(%" + any(names) + ", %" + any(names) + ", 1)\n";
      }
      names.push_back(name);
    }
    return text;
  }

  // A bool from some element of a value.
  std::string predicate(const std::string& name, const std::string& of) {
    const std::string e = fresh(), limit = fresh();
    return "const %" + limit + ": f32[] = 0.2\n%" + e + ": f32[] = etc::view(%" + of + ", [], [], " + std::to_string(below(4)) + ")\n%" +
           name + ": bool[] = aten::lt.Tensor(%" + e + ", %" + limit + ")\n";
  }

  std::string inputs(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& n : names) text += "input %" + n + ": " + type() + "\n";
    return text;
  }
  std::string outputs(const std::vector<std::string>& names, int count, int first) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "output \"" + std::to_string(first + i) + "\" = %" + any(names) + "\n";
    return text;
  }
  std::string list(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& n : names) text += (text.empty() ? "%" : ", %") + n;
    return "[" + text + "]";
  }

  std::string cond(std::vector<std::string>& names, int depth) {
    const std::string p = fresh();
    const std::vector<std::string> operands{any(names), any(names)}, inner{fresh(), fresh()};
    std::string text = predicate(p, any(names));
    const std::vector<std::string> results{fresh(), fresh()};
    text += "(%" + results[0] + ": " + type() + ", %" + results[1] + ": " + type() + ") = etc::cond(%" + p + ", " + list(operands) + ")";
    for (int b = 0; b < 2; ++b) {
      std::vector<std::string> local = inner;
      text += " {\n" + inputs(inner) + nodes(local, depth - 1, below(4)) + outputs(local, 2, 0) + "}";
    }
    names.insert(names.end(), results.begin(), results.end());
    return text + "\n";
  }

  std::string loop(std::vector<std::string>& names, int depth) {
    const std::string zero = fresh(), i = fresh(), more = fresh(), one = fresh(), next = fresh(), n = fresh(), end = fresh();
    const int carried = 1 + below(3);
    std::vector<std::string> initial, inner, results;
    for (int c = 0; c < carried; ++c) initial.push_back(any(names)), inner.push_back(fresh()), results.push_back(fresh());
    const std::vector<std::string> closure{any(names)}, inner_closure{fresh()};
    std::vector<std::string> all = inner;
    all.push_back(inner_closure[0]);
    std::string text = "const %" + zero + ": i64[] = 0\n(%" + n + ": i64[]";
    for (const std::string& r : results) text += ", %" + r + ": " + type();
    text +=
        ") = etc::while([%" + zero + ", " + list(initial).substr(1) + ", " + list(closure) + ") {\ninput %" + i + ": i64[]\n" + inputs(all);
    text += "const %" + end + ": i64[] = " + std::to_string(below(4)) + "\n%" + more + ": bool[] = aten::lt.Tensor(%" + i + ", %" + end +
            ")\noutput \"0\" = %" + more + "\n} {\ninput %" + i + ": i64[]\n" + inputs(all) + "const %" + one + ": i64[] = 1\n";
    std::vector<std::string> local = all;
    text += nodes(local, depth - 1, below(4));
    text += "%" + next + ": i64[] = aten::add.Tensor(%" + i + ", %" + one + ", 1)\noutput \"0\" = %" + next + "\n" +
            outputs(local, carried, 1) + "}\n";
    names.insert(names.end(), results.begin(), results.end());
    return text;
  }

  std::mt19937 random_;
  std::string size_;
  int count_ = 0;
};

ConstantData numbers(const TensorType& type, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> data(static_cast<size_t>(type.numel()));
  for (float& x : data) x = static_cast<float>(static_cast<int>(random() % 200) - 100) / 64;
  return ConstantData::copy_of(data.data(), data.size() * sizeof(float));
}

void expect_runs_like(const Graph& original, const PlannedModel& m) {
  ASSERT_EQ(faults_of(m.plan), "");
  const AlignedBytes file = emit(m.plan);
  Loaded loaded(file);
  ConstantData state = original.states[0]->constant;
  for (unsigned run = 0; run < 2; ++run) {
    Environment env{{original.states[0], state}};
    for (uint32_t i = 0; i < 2; ++i) {
      const ConstantData& data = env[original.inputs[i]] = numbers(original.inputs[i]->type, run * 2 + i);
      std::memcpy(loaded.method->input(i).data, data.data, data.bytes);
    }
    run_graph(original, env);
    ASSERT_EQ(loaded.method->execute(nullptr), Error::Ok);
    for (uint32_t o = 0; o < 3; ++o) {
      const ConstantData expected = gather(original.outputs[o].value, env);
      ASSERT_EQ(std::memcmp(loaded.method->output(o).data, expected.data, expected.bytes), 0) << "output " << o << " of run " << run;
    }
    state = gather(original.outputs[3].value, env);
  }
}

TEST(Flow, RandomProgramsRunLikeTheirGraphs) {
  size_t with_swaps = 0, with_blocks = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    const std::string text = Generator(seed).program();
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
    const Graph original = parse_graph("graph forward {\n" + text + "}\n");
    for (const PlanOptions& options :
         {PlanOptions{}, PlanOptions{{}, false, true}, PlanOptions{{}, true, false}, PlanOptions{{}, false, false}}) {
      const PlannedModel m(text, options);
      expect_runs_like(original, m);
      with_swaps += swaps(m) > 0;
      with_blocks += m.method().blocks.size() > 1;
    }
    PlannedModel optimised(text);
    std::vector<Pass> passes = all_passes();
    std::erase_if(passes, [](const Pass& p) { return p.needs_packed_kernels; });  // they round otherwise
    run_passes(optimised.model.methods[0], passes, {}, nullptr, nullptr, nullptr);
    optimised.plan = lower(optimised.model);
    plan_memory(optimised.plan);
    expect_runs_like(original, optimised);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(with_swaps, 20u);
  EXPECT_GT(with_blocks, 400u);
}

}  // namespace
}  // namespace etc::compile
