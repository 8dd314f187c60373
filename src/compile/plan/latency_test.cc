// Plans for latency: towers stay apart, chains stay as small as before, and every plan is right.
#include "plan/latency.h"

#include "emit/message.h"
#include "plan/dependencies.h"
#include "plan/plan_test.h"
#include "plan/schedule.h"

namespace etc::compile {
namespace {

struct ForLatency : PlannedModel {
  explicit ForLatency(const std::string& lines, const PlanOptions& options = {}) : PlannedModel(lines, options) {
    memory_bytes = method().pools[0].bytes;
    plan_for_latency(plan, options);
  }
  uint64_t memory_bytes;  // of the plan for memory
};

PlanOptions not_in_place() {
  PlanOptions o;
  o.in_place = false;
  return o;
}

// Towers of `height` instructions over the same input, one tower after the other.
std::string towers(int count, int height) {
  std::string lines = "  input %x: f32[1024]\n";
  for (int t = 0; t < count; ++t) {
    std::string last = "x";
    for (int h = 0; h < height; ++h) {
      const std::string name = "t" + std::to_string(t) + "_" + std::to_string(h);
      lines += "  %" + name + ": f32[1024] = aten::" + (h % 2 ? "sin" : "exp") + "(%" + last + ")\n";
      last = name;
    }
    lines += "  %s" + std::to_string(t) + ": f32[] = aten::sum.dim_IntList(%" + last + ", [0], false, none)\n";
  }
  for (int t = 0; t < count; ++t) lines += "  output \"s" + std::to_string(t) + "\" = %s" + std::to_string(t) + "\n";
  return lines;
}

size_t instructions_without_predecessor(const ProgramPlan& plan) {
  std::vector<bool> waits(plan.methods[0].instructions.size());
  with_message(plan, [&](schema::Program::Reader program) {
    for (const auto& of_one : successors_of(program, 0))
      for (const uint32_t s : of_one) waits[s] = true;
  });
  return static_cast<size_t>(std::count(waits.begin(), waits.end(), false));
}

TEST(Latency, TowersDoNotShareBytes) {
  const std::string lines = towers(2, 4);
  EXPECT_EQ(instructions_without_predecessor(PlannedModel(lines, not_in_place()).plan), 1u);
  const ForLatency m(lines, not_in_place());
  EXPECT_EQ(instructions_without_predecessor(m.plan), 2u);
  EXPECT_LE(m.method().pools[0].bytes, 2 * m.memory_bytes);
  EXPECT_EQ(faults_of(m.plan), "");
}

TEST(Latency, ChainsStayAsSmallAsTheyWere) {
  const ForLatency m(towers(1, 12));
  EXPECT_EQ(m.method().pools[0].bytes, m.memory_bytes);
  EXPECT_EQ(faults_of(m.plan), "");
}

TEST(Latency, MemoryIsAtMostTwiceThatOfThePlanForMemory) {
  for (const int count : {3, 8, 30}) {
    const ForLatency m(towers(count, 5), not_in_place());
    EXPECT_LE(m.method().pools[0].bytes, 2 * m.memory_bytes) << count;
    EXPECT_EQ(faults_of(m.plan), "") << count;
  }
}

TEST(Latency, SizedPoolsAreKept) {
  const std::string lines = towers(2, 4);
  const uint64_t enough = PlannedModel(lines, not_in_place()).method().pools[0].bytes;
  PlanOptions options = not_in_place();
  options.pools = {{"small", enough}};
  const ForLatency m(lines, options);
  EXPECT_LE(m.method().pools[0].bytes, enough);
  EXPECT_EQ(faults_of(m.plan), "");
}

TEST(Schedule, TakesTheLongestWayFirst) {
  // 0 → 3 and 1 → 2: costs 1, 1, 9, 1.
  const std::vector<TimeSpan> one = schedule({{3}, {2}, {}, {}}, {1, 1, 9, 1}, 0, 4, 1);
  EXPECT_EQ(one[1].start, 0u);
  EXPECT_EQ(one[2].start, 1u);
  EXPECT_EQ(one[3].end, 12u);
  const std::vector<TimeSpan> two = schedule({{3}, {2}, {}, {}}, {1, 1, 9, 1}, 0, 4, 2);
  EXPECT_EQ(two[2].end, 10u);
  EXPECT_EQ(two[3].end, 2u);
}

TEST(Schedule, NobodyBeginsBeforeItsPredecessorsEnd) {
  const Successors successors = {{2, 3}, {3}, {4}, {4}, {}};
  for (const uint32_t workers : {1, 2, 3}) {
    const std::vector<TimeSpan> times = schedule(successors, {3, 5, 2, 2, 1}, 0, 5, workers);
    for (uint32_t i = 0; i < 5; ++i) {
      for (const uint32_t s : successors[i]) EXPECT_GE(times[s].start, times[i].end);
      uint32_t busy = 0;
      for (uint32_t j = 0; j < 5; ++j) busy += times[j].start <= times[i].start && times[i].start < times[j].end;
      EXPECT_LE(busy, workers);
    }
  }
}

}  // namespace
}  // namespace etc::compile
