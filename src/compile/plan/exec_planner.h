// Any program as a planner: `--planner exec:CMD`.
#pragma once

#include <string>

#include "plan/planner.h"

namespace etc::compile {

// The shell runs `command` once for each pool of each method, with the capacity as a further argument. It reads the CSV
// `id,lower,upper,size` on standard input and answers on standard output with a CSV that has at least the columns `id` and `offset`,
// in any order; its standard error is ours. A pool without limit has the sum of all sizes for its capacity. CompileError (kEnvironment)
// when it cannot be run, fails, takes more than `timeout_s`, or answers with anything but one offset for each id.
Planner exec_planner(const std::string& command, unsigned timeout_s);

}  // namespace etc::compile
