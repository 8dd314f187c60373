// What etc-compile says when it is done.
#pragma once

#include <string>

#include "options.h"

namespace etc::compile {

// One line for each call of a backend, then one for each reason why a node stayed: "%y = aten::gelu at bert.py:12: xnnpack: no such op".
std::string partition_text(const PartitionReport& report);
// The members "delegates" and, if asked for, "refusals" of the report's object, a comma before each.
std::string partition_json(const PartitionReport& report, bool refusals);
// One object on one line.
std::string json_of(const Options& options, const CompileReport& report);
// "digits.etc: 19.9 kB, weights 14.2 kB, pool main 8448 bytes (lower bound 8448), 9 instructions, 0.02 s, cpu x86-64-v3"
std::string line_of(const Options& options, const CompileReport& report);

}  // namespace etc::compile
