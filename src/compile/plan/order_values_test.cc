// The order of values decides the runtime's memory.
#include "plan/order_values.h"

#include "plan/plan_test.h"
#include "plan/run_test.h"

namespace etc::compile {
namespace {

uint64_t arena_of(const std::string& lines) {
  PlannedModel m(lines);
  EXPECT_EQ(faults_of(m.plan), "");
  const AlignedBytes file = emit(m.plan);
  const OpTable* table = &builtin_ops();
  return Program::open(file.span()).value().needs(0, {&table, 1}).value().arena;
}

std::string chain(uint32_t length) {
  std::string lines = "input %x: f32[8]\n", last = "%x";
  for (uint32_t i = 0; i < length; ++i) {
    const std::string n = std::to_string(i);
    lines += "const %k" + n + ": f32[8] = splat " + n + "\n";
    lines += "%y" + n + ": f32[8] = aten::add.Tensor(" + last + ", %k" + n + ", 1)\n";
    last = "%y" + n;
  }
  return lines + "output \"y\" = " + last + "\n";
}

TEST(OrderValues, ConstantsAndResultsInBetweenTakeNoMemory) { EXPECT_EQ(arena_of(chain(11)) - arena_of(chain(1)), 10 * sizeof(Instr)); }

TEST(OrderValues, WhatMayMoveComesFirst) {
  const PlannedModel m(
      "input %x: f32[2,4]\n"
      "const %k: f32[2,4] = splat 2\n"
      "%a: f32[2,4] = aten::add.Tensor(%x, %k, 1)\n"
      "%b: f32[2,4] = aten::exp(%a)\n"
      "%c: f32[8] = etc::view(%b, [8], [1], 0)\n"
      "output \"c\" = %c\n");
  for (const char* stays : {"k", "a"})
    for (const char* moves : {"x", "b", "c"}) EXPECT_LT(m.id(moves), m.id(stays)) << "bind_input or bind_output moves " << moves;
}

}  // namespace
}  // namespace etc::compile
