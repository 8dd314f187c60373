// Planners: the built-in ones, programs as planners, what is refused of their answers; pools with sizes.
#include "plan/planner.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "ir/error.h"
#include "plan/csv.h"
#include "plan/exec_planner.h"
#include "plan/plan_test.h"

namespace etc::compile {
namespace {

// a and b live together, c after a.
PlannerProblem three_buffers(uint64_t capacity = UINT64_MAX) {
  return {"forward", "main", capacity, {{0, 2, 128}, {1, 3, 256}, {2, 4, 128}}, {"a", "b", "c"}, false};
}

Planner fixed(std::vector<uint64_t> offsets) {
  return {"fixed", "", [offsets](PlannerProblem& p) {
            for (size_t i = 0; i < p.buffers.size(); ++i) p.buffers[i].offset = offsets[i];
          }};
}

// The message with which the answer is refused.
std::string refusal(const Planner& planner, PlannerProblem problem = three_buffers()) {
  try {
    plan_pool(planner, problem);
  } catch (const CompileError& e) {
    EXPECT_EQ(e.code(), kEnvironment);
    return e.what();
  }
  return "accepted";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

#define EXPECT_SAYS(text, part) EXPECT_TRUE(contains(text, part)) << text

TEST(Planner, BuiltInOnesAnswerRightly) {
  for (const Planner& planner : builtin_planners()) {
    PlannerProblem problem = three_buffers();
    EXPECT_EQ(plan_pool(planner, problem), planner.name == "no-reuse" ? 512u : 384u) << planner.name;
  }
}

TEST(Planner, TakesARightAnswer) {
  PlannerProblem problem = three_buffers();
  EXPECT_EQ(plan_pool(fixed({256, 0, 256}), problem), 384u);
}

TEST(Planner, NamesTheTwoThatOverlap) {
  const std::string text = refusal(fixed({64, 128, 384}));
  EXPECT_SAYS(text, "'a' [64, 192) and 'b' [128, 384) overlap while both live");
  EXPECT_SAYS(refusal(fixed({0, 0, 256})), "'a' [0, 128) and 'b' [0, 256)");
}

TEST(Planner, LetsThemShareBytesOneAfterTheOther) { EXPECT_EQ(refusal(fixed({0, 128, 0})), "accepted"); }

TEST(Planner, RefusesWhatEndsBeyondTheCapacity) {
  EXPECT_EQ(refusal(fixed({0, 128, 0}), three_buffers(384)), "accepted");
  EXPECT_SAYS(refusal(fixed({0, 192, 0}), three_buffers(384)), "'b' [192, 448) ends beyond the pool's 384 bytes");
  EXPECT_SAYS(refusal(fixed({UINT64_MAX - 63, 128, 0})), "beyond all memory");
}

TEST(Planner, RefusesOffsetsBetweenTheAlignment) {
  EXPECT_SAYS(refusal(fixed({0, 136, 0})), "'b' begins at 136, which is no multiple of 64");
}

// --- programs ---

std::string run(const std::string& command, unsigned timeout_s = 20) { return refusal(exec_planner(command, timeout_s)); }

TEST(ExecPlanner, GetsTheProblemAndTheCapacity) {
  const std::string copy = (std::filesystem::temp_directory_path() / ("etc_problem_" + std::to_string(getpid()))).string();
  PlannerProblem problem = three_buffers(4096);
  plan_pool(
      exec_planner(
          "f() { cat > " + copy + "; echo \"$1\" >> " + copy + "; printf 'note,offset,id\\nx, 0,2\\r\\nx,128,1\\n\\nx,0,0\\n'; }; f", 20),
      problem);
  std::ifstream file(copy);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(copy);
  EXPECT_EQ(text, "id,lower,upper,size\n0,0,2,128\n1,1,3,256\n2,2,4,128\n4096\n");
  EXPECT_EQ(problem.buffers[1].offset, 128u);
}

TEST(ExecPlanner, TellsTheSumWhereThereIsNoLimit) {
  PlannerProblem problem = three_buffers();
  EXPECT_EQ(plan_pool(exec_planner("f() { test \"$1\" = 512 && printf 'id,offset\\n0,0\\n1,128\\n2,0\\n'; }; f", 20), problem), 384u);
}

TEST(ExecPlanner, RefusesWrongAnswers) {
  EXPECT_SAYS(run("printf 'id,offset\\n0,0\\n1,64\\n2,0\\n' #"), "overlap while both live");
  EXPECT_SAYS(run("printf 'id,offset\\n0,0\\n2,0\\n' #"), "id 1, 'b', is missing");
  EXPECT_SAYS(run("printf 'id,offset\\n0,0\\n0,0\\n1,128\\n2,0\\n' #"), "line 3: id 0 comes twice");
  EXPECT_SAYS(run("printf 'id,offset\\n0,0\\n1,128\\n2,0\\n3,0\\n' #"), "line 5: id 3 was not asked for");
  EXPECT_SAYS(run("printf 'id,offset\\n0,0\\n1,-128\\n2,0\\n' #"), "line 3: offset '-128' is no number in range");
  EXPECT_SAYS(run("printf 'id,offset\\n0,0\\n1\\n2,0\\n' #"), "line 3 has 1 cells, the heading 2");
  EXPECT_SAYS(run("printf 'id,place\\n0,0\\n' #"), "no column 'offset'");
  EXPECT_SAYS(run("true #"), "it is empty");
  EXPECT_SAYS(run("head -c 1000 /dev/urandom #"), "answers wrongly");
}

TEST(ExecPlanner, RefusesFailures) {
  EXPECT_SAYS(run("printf 'id,offset\\n0,0\\n1,128\\n2,0\\n'; exit 3 #"), "failed with exit status 3");
  EXPECT_SAYS(run("kill -9 $$ #"), "was ended by signal 9");
  EXPECT_SAYS(run("etc-no-such-planner"), "was not found by the shell");
  EXPECT_SAYS(run("yes"), "answers without end");
}

TEST(ExecPlanner, DoesNotWaitForever) {
  EXPECT_SAYS(run("sleep 100 #", 1), "gave no answer within 1 s");
  EXPECT_SAYS(run("exec 1>&-; sleep 100 #", 1), "gave no answer within 1 s");
}

// --- pools with sizes ---

// Two values of 1 KiB; b is read twice, so it gains more from the fast pool.
const char* const kTwoStages =
    "input %x: f32[256]\n"
    "%a: f32[256] = aten::tanh(%x)\n"
    "%b: f32[256] = aten::exp(%a)\n"
    "%c: f32[256] = aten::maximum(%b, %b)\n"
    "%d: f32[256] = aten::maximum(%b, %c)\n"
    "output \"d\" = %d\n";

PlanOptions pools(uint64_t fast, uint64_t slow = UINT64_MAX) {
  PlanOptions options;
  options.pools = {{"sram", fast}, {"dram", slow}};
  options.in_place = false;
  return options;
}

TEST(Pools, TheFastOneHoldsWhatIsUsedMost) {
  const PlannedModel m(kTwoStages, pools(1024));
  EXPECT_EQ(m.buffer("b").pool, 0u);
  EXPECT_EQ(m.buffer("a").pool, 1u);  // lives beside b
  EXPECT_EQ(m.method().pools[0].bytes, 1024u);
  EXPECT_EQ(faults_of(m.plan), "");
}

// w is read once in the text, but in every round of the loop; k is read four times.
TEST(Pools, LoopsCountMoreThanOnce) {
  const PlannedModel m(R"(
    input %x: f32[100]
    const %zero: i64[] = 0
    %w: f32[100] = aten::exp(%x)
    %k: f32[100] = aten::tanh(%x)
    %l: f32[100] = aten::maximum(%k, %k)
    (%n: i64[], %y: f32[100]) = etc::while([%zero, %l], [%w]) {
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
      %b: f32[100] = aten::mul.Tensor(%w, %w)
      %next: i64[] = aten::add.Tensor(%i, %one, 1)
      output "0" = %next
      output "1" = %b
    }
    %z: f32[100] = aten::maximum(%k, %k)
    %z2: f32[100] = aten::maximum(%z, %y)
    output "z" = %z2
  )",
                       pools(448 + 128));
  EXPECT_EQ(m.buffer("w").pool, 0u);
  EXPECT_EQ(m.buffer("k").pool, 1u);
  EXPECT_EQ(faults_of(m.plan), "");
}

TEST(Pools, TheFastOneHoldsAllThatFits) {
  const PlannedModel all(kTwoStages, pools(1 << 20)), none(kTwoStages, pools(64));
  EXPECT_EQ(all.method().pools[1].bytes, 0u);
  EXPECT_EQ(none.method().pools[0].bytes, 0u);
  EXPECT_EQ(none.method().pools[1].bytes, all.method().pools[0].bytes);
}

TEST(Pools, OverflowNamesValuesAndWhatWouldFit) {
  const PlannedModel fits(kTwoStages, pools(1024));
  const uint64_t need = fits.method().pools[1].bytes;
  EXPECT_NO_THROW(PlannedModel(kTwoStages, pools(1024, need)));
  try {
    PlannedModel(kTwoStages, pools(1024, need - 1));
    FAIL() << "accepted";
  } catch (const CompileError& e) {
    EXPECT_SAYS(std::string(e.what()), "no room for '");
    EXPECT_SAYS(std::string(e.what()), "(1024 bytes");
    EXPECT_SAYS(std::string(e.what()), "--pool dram=" + std::to_string(need));
  }
}

// Many random sizes for the pools: whatever is accepted is right.
TEST(Pools, EveryCapacityIsKept) {
  for (uint64_t fast = 64; fast < 6000; fast += 320) {
    const PlannedModel m(kTwoStages, pools(fast));
    EXPECT_LE(m.method().pools[0].bytes, fast);
    EXPECT_EQ(faults_of(m.plan), "") << fast;
  }
}

// --- problem files ---

TEST(Csv, ReadsProblems) {
  const std::vector<Interval> got = intervals_of(parse_csv("size,id,upper,lower\r\n8,x,3,1\n\n4,y,9,-2\n"));
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1].lower, -2);
  EXPECT_EQ(got[0].size, 8u);
}

TEST(Csv, RefusesWhatIsNoProblem) {
  for (const char* text :
       {"", "id,lower,upper\na,0,1\n", "id,lower,upper,size\na,1,1,4\n", "id,lower,upper,size\na,0,1,x\n", "id,lower,upper,size\na,0,1\n",
        "id,lower,upper,size\na,0,1,-4\n", "id,lower,upper,size\na,0,1,2000000000000000000\n",
        "id,lower,upper,size\na,-9000000000000000000,9000000000000000000,1\n", "id,lower,upper,size\na,0,1,99999999999999999999999\n"})
    EXPECT_THROW(intervals_of(parse_csv(text)), CompileError) << text;
}

}  // namespace
}  // namespace etc::compile
