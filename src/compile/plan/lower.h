// Graphs become instructions over buffers: decides what lies in the same place (views, in-place results, mutated state) and how long
// each buffer lives. Offsets in pools come from plan_memory.
#pragma once

#include "plan/plan.h"

namespace etc::compile {

// The graphs are legalised: every node is a view, a kernel op whose operands its kernel takes, or external.
// Throws CompileError when methods disagree about a state that they share.
ProgramPlan lower(const Model& model, const PlanOptions& options = {});

}  // namespace etc::compile
