// From .pt2 files to a program file: the list of stages.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "emit/emit.h"
#include "import/symbols.h"
#include "partition/partition.h"
#include "passes/pass.h"
#include "plan/plan.h"

namespace etc::compile {

struct MethodFile {
  std::string method;  // empty: "forward", or the names of the archive's models when it has several
  std::string path;
};

struct CompileOptions {
  std::vector<MethodFile> files;
  std::vector<std::string> external;  // globs over names of PyTorch's ops that stay calls by name
  std::vector<Pass> passes = all_passes();
  std::set<std::string> disabled_passes;
  PlanOptions plan;
  std::string cpu = "generic";   // resolved (cpu.h); others have kernels over packed weights
  DType precision = DType::F32;  // of packed weights: F32, BF16 or F16
  MaxDims max_dims;              // upper bounds of sizes, "x.0" or a symbol
  bool strip = false;
  std::vector<const Backend*> backends;  // by preference
  std::string dump_ir;                   // "import" or the name of a pass: the IR after it is wanted; "all": after every stage; empty: none
};

// Who wants to see what happens; both must be there.
struct Listener {
  std::function<void(const std::string& stage)> stage;  // begins
  std::function<void(const std::string& text)> dump;    // of --dump-ir
};

// What etc-compile reports.
struct CompileReport {
  struct Pool {
    std::string name;
    uint64_t capacity = UINT64_MAX, bytes = 0, lower_bound = 0;
    bool proven_optimal = false;
  };
  struct Method {
    std::string name;
    uint64_t instructions = 0;
    std::vector<Pool> pools;
  };
  std::vector<Method> methods;
  uint64_t file_bytes = 0, weight_bytes = 0, state_bytes = 0;
  PartitionReport partition;
  std::vector<PassTimes> times;  // of stages and passes, in order
  std::vector<std::string> warnings;
  double milliseconds = 0;  // in all; main fills it
};

// Throws CompileError or host::UserError for the user's problems.
AlignedBytes compile(const CompileOptions& options, const Listener& listener, CompileReport* report);

}  // namespace etc::compile
