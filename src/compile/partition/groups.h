// Which nodes can run together: connected groups that one step can stand for.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace etc::compile {

// `owner[n]` is who took the n-th node, -1: nobody. The groups are maximal: no two groups of one owner that touch could be one without
// a path that leaves it and comes back. Views at a group's border are left out: they cost nothing outside. Members in execution order.
std::vector<std::vector<size_t>> find_groups(const std::vector<const Node*>& nodes, const std::vector<int>& owner);

// Indices of `nodes` in an order that has each group together, the groups as one: groups may not depend on each other in a circle.
std::vector<size_t> order_by_group(const std::vector<const Node*>& nodes, const std::vector<std::vector<size_t>>& groups);

}  // namespace etc::compile
