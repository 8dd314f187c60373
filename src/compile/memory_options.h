// --pool and --planner: what the command line says about memory.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace etc::compile {

// "sram=192K", "dram": names and binary sizes in order, fastest first. CompileError (kUsage).
std::vector<PoolOption> pool_options(const std::vector<std::string>& words);

// A name of `planners`, or "exec:CMD". CompileError (kUsage), which lists the names.
Planner planner_option(const std::string& word, const std::vector<Planner>& planners, unsigned timeout_s);

}  // namespace etc::compile
