// Gives every buffer of every method its pool and offset.
#pragma once

#include "plan/plan.h"

namespace etc::compile {

// Fills Buffer::pool, Buffer::offset and PlannedPool of each method. Throws CompileError when the pools are too small.
void plan_memory(ProgramPlan& plan, const PlanOptions& options = {});

}  // namespace etc::compile
