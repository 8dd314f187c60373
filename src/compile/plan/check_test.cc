// The checker against corrupted plans. What is really wrong with a mutant is decided here, from lifetimes and extents of buffers.
#include "plan/check.h"

#include <random>

#include "ir/error.h"
#include "ir/one_op.h"
#include "plan/plan_test.h"

namespace etc::compile {
namespace {

// Layers with skips, views, a state in place and one by copy, several outputs: a bit of everything.
std::string network(std::mt19937& random, int layers) {
  std::string lines =
      "input %x0: f32[16]\n"
      "input %row: f32[1,16]\n"
      "state %cache: f32[4,16] \"cache\" = splat 0\n"
      "state %last: f32[16] \"last\" = splat 0\n";
  std::vector<std::string> live{"x0"};
  for (int i = 1; i <= layers; ++i) {
    const std::string name = "x" + std::to_string(i), a = live[random() % live.size()], b = live[random() % live.size()];
    switch (random() % 4) {
      case 0: lines += "%" + name + ": f32[16] = aten::tanh(%" + a + ")\n"; break;
      case 1: lines += "%" + name + ": f32[16] = aten::maximum(%" + a + ", %" + b + ")\n"; break;
      case 2:
        lines += "%v" + name + ": f32[4,4]{1,4} = etc::view(%" + a + ", [4, 4], [1, 4], 0)\n";
        lines += "%c" + name + ": f32[4,4] = etc::copy(%v" + name + ")\n";
        lines += "%w" + name + ": f32[16]{1} = etc::view(%c" + name + ", [16], [1], 0)\n";
        lines += "%" + name + ": f32[16] = aten::exp(%w" + name + ")\n";
        break;
      default: lines += "%" + name + ": f32[16] = aten::minimum(%" + a + ", %" + b + ")\n";
    }
    live.push_back(name);
    if (live.size() > 4) live.erase(live.begin());
  }
  lines += "%new: f32[4,16] = etc::view_scatter(%cache, %row, [1, 16], [16, 1], 16)\n";
  lines += "%y: f32[16] = aten::maximum(%" + live.back() + ", %last)\n";
  lines += "output \"y\" = %y\noutput \"z\" = %" + live[0] + "\n";
  lines += "output state %cache = %new\noutput state %last = %" + live[0] + "\n";
  return lines;
}

uint64_t used_bytes(const MemoryPlan& m, uint32_t buffer) {
  uint64_t bytes = 0;
  for (const PlannedValue& v : m.values)
    if (v.location.kind == Location::Kind::Buffer && v.location.index == buffer && v.root < m.values.size() && &m.values[v.root] == &v)
      bytes = std::max(bytes, static_cast<uint64_t>(v.type.bytes()));
  return bytes;
}

// Buffer `y` begins with the result of an instruction that may lie where its argument, the last in `x`, lies.
bool may_replace(const MemoryPlan& m, uint32_t x, uint32_t y) {
  if (m.buffers[x].offset != m.buffers[y].offset || m.buffers[x].last != m.buffers[y].first || m.buffers[x].last < 0) return false;
  const PlannedInstruction& i = m.instructions[static_cast<size_t>(m.buffers[x].last)];
  const PlannedValue& result = m.values[i.results[0]];
  if (result.location.index != y || result.location.kind != Location::Kind::Buffer) return false;
  bool may = true;
  for (size_t a = 0; a < i.args.size(); ++a) {
    const auto* id = std::get_if<ValueId>(&i.args[a]);
    if (!id || m.values[id->index].location.kind != Location::Kind::Buffer || m.values[id->index].location.index != x) continue;
    may = may && (find_kernel_op(i.op)->in_place >> a & 1) && m.values[id->index].type == result.type;
  }
  return may;
}

bool has_clash(const MemoryPlan& m) {
  for (uint32_t a = 0; a < m.buffers.size(); ++a) {
    for (uint32_t b = 0; b < a; ++b) {
      const Buffer &x = m.buffers[a], &y = m.buffers[b];
      if (x.pool == y.pool && x.first <= y.last && y.first <= x.last && x.offset < y.offset + used_bytes(m, b) &&
          y.offset < x.offset + used_bytes(m, a) && !may_replace(m, a, b) && !may_replace(m, b, a))
        return true;
    }
  }
  return false;
}

// Corrupts one thing about where buffers lie; true if it did.
bool mutate(MemoryPlan& m, std::mt19937& random) {
  Buffer& a = m.buffers[random() % m.buffers.size()];
  Buffer& b = m.buffers[random() % m.buffers.size()];
  const uint64_t before_a = a.offset, before_b = b.offset;
  switch (random() % 4) {
    case 0: std::swap(a.offset, b.offset); break;
    case 1: a.offset += 64; break;
    case 2: a.offset = a.offset >= 64 ? a.offset - 64 : a.offset; break;
    default: a.offset = b.offset;
  }
  for (PlannedPool& p : m.pools) p.bytes = 1 << 20;  // so that the file opens: only the plan is wrong
  return a.offset != before_a || b.offset != before_b;
}

TEST(Check, TellsWrongPlansFromRightOnes) {
  std::mt19937 random(1);
  int wrong = 0, right = 0;
  for (int round = 0; round < 40; ++round) {
    PlannedModel planned(network(random, 4 + round % 20));
    ASSERT_EQ(faults_of(planned.plan), "");
    for (int mutant = 0; mutant < 25; ++mutant) {
      ProgramPlan plan = planned.plan;
      if (!mutate(plan.methods[0], random)) continue;
      const bool is_wrong = has_clash(plan.methods[0]);
      EXPECT_EQ(!faults_of(plan).empty(), is_wrong) << faults_of(plan);
      ++(is_wrong ? wrong : right);
    }
  }
  EXPECT_GT(wrong, 300);
  EXPECT_GT(right, 50);
}

// Sets one part of a small plan wrong and expects a fault that says so.
void expect_fault(const std::string& what, const std::string& lines, void (*spoil)(PlannedModel&)) {
  PlannedModel m(lines);
  ASSERT_EQ(faults_of(m.plan), "");
  spoil(m);
  EXPECT_NE(faults_of(m.plan).find(what), std::string::npos) << faults_of(m.plan);
}

const char* const kStateful =
    "input %x: f32[4]\n"
    "state %s: f32[4] \"s\" = splat 0\n"
    "state %r: f32[4] \"r\" = splat 0\n"
    "%y: f32[4] = aten::maximum(%x, %s)\n"
    "%z: f32[4] = aten::tanh(%y)\n"
    "output \"z\" = %z\n"
    "output state %s = %y\n";

TEST(Check, FindsInstructionsInTheWrongOrder) {
  expect_fault("is not made by any instruction before", kStateful,
               [](PlannedModel& m) { std::swap(m.plan.methods[0].instructions[0], m.plan.methods[0].instructions[1]); });
}

TEST(Check, FindsAStateThatIsNotUpdated) {
  expect_fault("is overwritten by", kStateful, [](PlannedModel& m) { m.plan.methods[0].updates.clear(); });
}

TEST(Check, FindsAStateThatIsOverwritten) {
  expect_fault("old state 'r' is overwritten by 'y'", kStateful, [](PlannedModel& m) {
    m.plan.methods[0].updates.clear();
    for (PlannedValue& v : m.plan.methods[0].values)
      if (v.name == "y") v.location.index = 1;
  });
}

TEST(Check, FindsAResultInTheConstants) {
  // The core refuses it at load; the proof must not rely on that.
  expect_fault(
      "lies in the constants",
      "input %x: f32[4]\nconst %k: f32[4] = splat 1\n%u: f32[4] = aten::tanh(%x)\n%y: f32[4] = aten::maximum(%x, %k)\noutput \"y\" = %y\n",
      [](PlannedModel& m) {
        for (PlannedValue& v : m.plan.methods[0].values)
          if (v.name == "u") v.location = {Location::Kind::Constant, 0, 0};
      });
}

TEST(Check, FindsAnInputThatIsWrittenAgainstItsWord) {
  expect_fault("does not say so", "input %x: f32[4]\n%y: f32[4] = aten::tanh(%x)\noutput input %x = %y\n",
               [](PlannedModel& m) { m.plan.methods[0].inputs[0].written = false; });
}

TEST(Check, FindsOutputsThatShareBytes) {
  expect_fault("overlap",
               "input %x: f32[4]\n%y: f32[4] = aten::tanh(%x)\n%z: f32[4] = aten::exp(%x)\noutput \"y\" = %y\noutput \"z\" = %z\n",
               [](PlannedModel& m) { m.plan.methods[0].outputs[1].value = m.plan.methods[0].outputs[0].value; });
}

TEST(Check, NamesTheInstruction) {
  PlannedModel m(kStateful);
  std::swap(m.plan.methods[0].instructions[0], m.plan.methods[0].instructions[1]);
  const AlignedBytes file = emit(m.plan);
  const std::vector<PlanFault> faults = check_plan(file.span());
  ASSERT_FALSE(faults.empty());
  EXPECT_EQ(faults[0].method, "forward");
  EXPECT_EQ(faults[0].instruction, 0);
}

TEST(Check, RefusesWhatIsNoProgram) {
  const AlignedBytes zeros(256);
  EXPECT_THROW(check_plan(zeros.span()), CompileError);
}

}  // namespace
}  // namespace etc::compile
