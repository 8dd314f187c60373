// The command line of etc-run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session.h"

namespace etc::run {

struct Options {
  SessionOptions session;
  std::vector<std::string> inputs;
  std::string output, expect, load_state, save_state;
  std::string profile, compare_with;
  std::vector<std::string> dump_values;
  std::optional<double> rtol, atol;
  std::optional<uint64_t> seed;
  uint32_t repeat = 0;  // 0: one run, not timed
  uint32_t warmup = 0;
  uint64_t max_instructions = 0;
  bool json = false;
};

// Nothing when --help or --version has been answered. UserError (kUsage) otherwise.
std::optional<Options> parse_options(int argc, char** argv);

}  // namespace etc::run
