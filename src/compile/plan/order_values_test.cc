// The order of values decides the runtime's memory.
#include "plan/order_values.h"

#include "plan/plan_test.h"

namespace etc::compile {
namespace {

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
