// Removes copies between variables of flat code (plan/flow.h).
#pragma once

#include "plan/flow.h"

namespace etc::compile {

// Gives both sides of a copy one memory where they are never needed at once; turns what is left of the large copies at the ends of loops
// into swaps.
void coalesce(FlatGraph& flat);

}  // namespace etc::compile
