// The plan for --optimize-for latency: an order and memory in which sharing of bytes does not hold up instructions that could run side
// by side.
//
// Instructions are scheduled on paper for a number of workers, with estimated times, those first from which the longest way leads to the
// end. Started in that order, a buffer lives on, so to speak, until every instruction that begins before its last user ends has begun.
// So two buffers share bytes only if the schedule is done with the one before it begins the other, and the waiting that comes of sharing
// makes the schedule no longer. Fewer workers need less memory: the most of 8, 4 and 2 are taken whose pools stay within twice the bytes
// of the plan for memory, and if there are none, that plan.
#pragma once

#include "plan/plan.h"

namespace etc::compile {

// `plan` is planned for memory; methods that are better off are planned again.
void plan_for_latency(ProgramPlan& plan, const PlanOptions& options);

}  // namespace etc::compile
