// Where the time of the runs went: tables of a trace for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "etc/host/trace.h"

namespace etc::run {

struct ProfileRow {
  std::string name;  // of an op; of an instruction: its place
  uint64_t calls = 0;
  int64_t total_ns = 0;
  double share = 0;  // of all instructions' time
};

struct Profile {
  uint64_t runs = 0;
  int64_t wall_ns = 0, busy_ns = 0;           // of all runs; of all instructions, so workers side by side add up
  std::vector<ProfileRow> ops, instructions;  // most time first
};

Profile profile_of(const host::Trace& trace, const std::vector<host::InstructionName>& names);

// The first `most` rows of each table.
std::string text_of(const Profile& profile, size_t most = 10);
std::string json_of(const Profile& profile);

}  // namespace etc::run
