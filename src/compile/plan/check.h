// Proves that the plan in a program file is right, from the file alone and without code of the planner: simulates each method byte range by
// byte range and follows whose bytes lie where.
#pragma once

#include <string>
#include <vector>

#include "etc/base.h"

namespace etc::compile {

struct PlanFault {
  std::string method;
  int64_t instruction = -1;  // -1: before or after the run
  std::string message;
};

// What is wrong with the plan, in order; empty when it is right. The file is one that Program::open accepts, its bytes aligned to 8.
// At most `limit` faults are looked for. Throws CompileError when the bytes are no program.
std::vector<PlanFault> check_plan(Span<const std::byte> file, size_t limit = 20);

}  // namespace etc::compile
