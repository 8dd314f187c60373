// What etc-run prints on stdout: outputs, comparisons and times, as text or as one JSON object.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compare.h"
#include "pool_use.h"
#include "profile.h"
#include "host/npy.h"

namespace etc::run {

struct Times {
  int64_t load_ns = 0;
  std::vector<int64_t> runs_ns;  // in the order of the runs
};

struct NamedComparison {
  std::string name;
  Comparison comparison;
};

// Of --compare-with: values in the order in which they were made, up to the first that departs.
struct Walk {
  size_t compared = 0;
  std::optional<NamedComparison> departure;
  std::string place;                 // of the departure
  std::vector<std::string> unknown;  // names of the reference that the program does not have
};

struct Report {
  std::string program, method;
  bool print_values = true;
  std::vector<host::NamedArray> results;
  bool compared = false;
  std::string pairing;  // why outputs and expectations cannot be paired; empty when they can
  std::vector<NamedComparison> comparisons;
  std::optional<Walk> walk;
  std::optional<Profile> profile;
  std::vector<PoolUse> pools;
  std::optional<uint64_t> backend_heap_bytes;  // nothing: the program calls no backend
  std::vector<std::string> notes;              // for stderr
  bool timed = false;
  Times times;
  bool equal() const;
};

// Pairs by name when every expected name is one of the results', else in order: with all results, or with the outputs alone
// (the first `outputs`). Fills compared, pairing and comparisons.
void compare_results(const std::vector<host::NamedArray>& expected, size_t outputs, std::optional<double> rtol, std::optional<double> atol,
                     Report* report);

// The value that `percent` of the runs do not exceed (nearest rank).
int64_t percentile(std::vector<int64_t> runs, int percent);

std::string text_of(const Report& report);
std::string json_of(const Report& report);

}  // namespace etc::run
