// What the command line of etc-compile says.
#pragma once

#include <optional>
#include <string>

#include "pipeline.h"

namespace etc::compile {

struct Options {
  CompileOptions compile;
  std::string output;
  std::string c_name;  // of the array; empty: --emit etc
  bool json = false;
  bool time_passes = false;
  bool explain_partition = false;
};

// Empty after --help or --version, which it prints. CompileError (kUsage) for what does not fit.
std::optional<Options> parse_options(int argc, char** argv);

}  // namespace etc::compile
