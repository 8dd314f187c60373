// Values in the order that costs the runtime least memory.
#pragma once

#include "plan/plan.h"

namespace etc::compile {

// Gives the lowest ids to values that may move or change their sizes when the program runs. The runtime keeps a Tensor for each value up to
// the last of these; the others are used where the file places them.
void order_values(MemoryPlan& plan);

}  // namespace etc::compile
