// How much of each pool a run really touches, seen from outside: pools are painted before it and looked at after it.
#pragma once

#include <string>
#include <vector>

#include "session.h"

namespace etc::run {

struct PoolUse {
  std::string name;
  uint64_t planned = 0;     // bytes that the program says the method needs, and gets
  uint64_t capacity = 0;    // bytes that the pool was planned for; 0: no limit
  uint64_t high_water = 0;  // bytes up to the last one that inputs and instructions have written
};

void paint_pools(const Session::Loaded& loaded);
// Since they were painted.
std::vector<PoolUse> pool_use(const Session::Loaded& loaded);

}  // namespace etc::run
