// Recorded dependencies: what orders what, and as little as implies the rest.
#include "plan/dependencies.h"

#include "emit/message.h"
#include "plan/plan_test.h"

namespace etc::compile {
namespace {

Successors recorded(const ProgramPlan& plan) {
  Successors result;
  with_message(plan, [&](schema::Program::Reader program) { result = successors_of(program, 0); });
  return result;
}

PlanOptions options(bool in_place, bool reuse) {
  PlanOptions o;
  o.in_place = in_place;
  o.reuse = reuse;
  return o;
}

// By the name of what the instructions make.
std::string edges(const PlannedModel& m) {
  const Successors successors = recorded(m.plan);
  const auto name = [&](uint32_t i) { return m.method().values[m.method().instructions[i].results[0]].name; };
  std::string text;
  for (uint32_t i = 0; i < successors.size(); ++i)
    for (const uint32_t s : successors[i]) text += name(i) + "→" + name(s) + " ";
  return text;
}

constexpr const char* kDiamond = R"(
  input %x: f32[64]
  %a: f32[64] = aten::relu(%x)
  %b: f32[64] = aten::exp(%a)
  %c: f32[64] = aten::sin(%a)
  %d: f32[64] = aten::add.Tensor(%b, %c, 1)
  %e: f32[64] = aten::add.Tensor(%d, %a, 1)
  output "e" = %e
)";

TEST(Dependencies, FollowTheDataAndLeaveOutWhatIsImplied) {
  const PlannedModel m(kDiamond, options(false, false));
  EXPECT_EQ(edges(m), "a→b a→c b→d c→d d→e ");  // a→e follows
}

TEST(Dependencies, SharedBytesOrderWhatDataDoesNot) {
  const std::string lines = R"(
  input %x: f32[64]
  %a: f32[64] = aten::relu(%x)
  %a2: f32[] = aten::sum.dim_IntList(%a, [0], false, none)
  %b: f32[64] = aten::exp(%x)
  %b2: f32[] = aten::sum.dim_IntList(%b, [0], false, none)
  output "a2" = %a2
  output "b2" = %b2
)";
  EXPECT_EQ(edges(PlannedModel(lines, options(false, false))), "a→a2 b→b2 ");
  const PlannedModel shared(lines, options(false, true));
  ASSERT_EQ(shared.buffer("a").offset, shared.buffer("b").offset);
  EXPECT_EQ(edges(shared), "a→a2 a2→b b→b2 ");
}

TEST(Dependencies, WhatIsWrittenInPlaceWaitsForTheOtherReaders) {
  const PlannedModel m(R"(
  input %x: f32[64]
  %a: f32[64] = aten::exp(%x)
  %b: f32[64] = aten::sin(%a)
  %c: f32[64] = aten::relu(%a)
  %d: f32[64] = aten::add.Tensor(%b, %c, 1)
  output "d" = %d
)",
                       options(true, false));
  ASSERT_TRUE(m.share_place("a", "c"));
  EXPECT_EQ(edges(m), "a→b b→c c→d ");
}

// More instructions than one stripe of the reduction: a ladder of two rails whose rungs are implied by it.
TEST(Dependencies, LongBlocksAreReducedAsShortOnes) {
  constexpr int kLength = 4200;
  std::string lines = "  input %x: f32[]\n  %r0: f32[] = aten::exp(%x)\n";
  for (int i = 1; i < kLength; ++i)
    lines +=
        "  %r" + std::to_string(i) + ": f32[] = aten::add.Tensor(%r" + std::to_string(i - 1) + ", %r" + std::to_string(i / 2) + ", 1)\n";
  lines += "  output \"r\" = %r" + std::to_string(kLength - 1) + "\n";
  const PlannedModel m(lines, options(false, false));
  const Successors successors = recorded(m.plan);
  ASSERT_EQ(successors.size(), static_cast<size_t>(kLength));
  for (uint32_t i = 0; i + 1 < kLength; ++i) EXPECT_EQ(successors[i], std::vector<uint32_t>{i + 1});
}

}  // namespace
}  // namespace etc::compile
