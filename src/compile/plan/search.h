// Exact packing: a bounded depth-first search in the spirit of MiniMalloc (Moffitt, ASPLOS 2023).
#pragma once

#include "plan/solve.h"

namespace etc::compile {

enum class SearchResult { Found, Impossible, GaveUp };

// Looks for offsets with every interval below `capacity`. On Found they are set, otherwise left alone. `*steps` counts down; at 0 the
// search gives up. No interval may be empty in time or size.
SearchResult search_packing(std::vector<Interval>& intervals, uint64_t capacity, uint64_t* steps);

}  // namespace etc::compile
