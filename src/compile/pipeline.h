// From .pt2 files to a program file: the list of stages.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "emit/emit.h"
#include "passes/pass.h"
#include "plan/plan.h"

namespace etc::compile {

struct MethodFile {
  std::string method;  // empty: "forward", or the names of the archive's models when it has several
  std::string path;
};

struct CompileOptions {
  std::vector<MethodFile> files;
  std::set<std::string> disabled_passes;
  PlanOptions plan;
  bool strip = false;
  // "import" or the name of a pass: the IR after it goes to stderr; "all": after every stage; empty: none.
  std::string dump_ir;
};

// What etc-compile reports.
struct CompileReport {
  struct Pool {
    std::string name;
    uint64_t bytes = 0, lower_bound = 0;
  };
  struct Method {
    std::string name;
    uint64_t instructions = 0;
    std::vector<Pool> pools;
  };
  std::vector<Method> methods;
  uint64_t file_bytes = 0, weight_bytes = 0, state_bytes = 0;
  std::vector<PassTimes> times;       // of stages and passes, in order
  std::vector<std::string> warnings;
};

// Throws CompileError or host::UserError for the user's problems.
AlignedBytes compile(const CompileOptions& options, CompileReport* report);

}  // namespace etc::compile
