// Pools and planners of the command line; see memory_options.h.
#include "memory_options.h"

#include <algorithm>
#include <charconv>

#include "ir/error.h"
#include "plan/exec_planner.h"

namespace etc::compile {
namespace {

[[noreturn]] void usage(const std::string& what) { throw CompileError(what + "; see etc-compile --help", kUsage); }

// "192K" is 196608.
uint64_t bytes_of(const std::string& word, const std::string& size) {
  uint64_t n = 0;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), n);
  const std::string suffix = size.substr(static_cast<size_t>(end - size.data()));
  const int shift = suffix.empty() ? 0 : suffix == "K" ? 10 : suffix == "M" ? 20 : suffix == "G" ? 30 : -1;
  if (error != std::errc() || shift < 0) usage("--pool takes NAME=SIZE with bytes, or K, M or G of 1024 each, not " + word);
  if (n == 0 || n > (uint64_t{1} << 62) >> shift) usage("--pool " + word + ": no memory has that size");
  return n << shift;
}

}  // namespace

std::vector<PoolOption> pool_options(const std::vector<std::string>& words) {
  std::vector<PoolOption> pools;
  for (const std::string& word : words) {
    const size_t at = word.find('=');
    PoolOption pool{word.substr(0, at)};
    if (pool.name.empty()) usage("--pool takes NAME=SIZE or NAME, not " + word);
    if (at != std::string::npos) pool.capacity = bytes_of(word, word.substr(at + 1));
    if (std::any_of(pools.begin(), pools.end(), [&](const PoolOption& p) { return p.name == pool.name; }))
      usage("--pool: there are two pools called " + pool.name);
    if (!pools.empty() && pools.back().capacity == UINT64_MAX)
      usage("--pool " + word + " would stay empty: " + pools.back().name + " before it has no limit");
    pools.push_back(std::move(pool));
  }
  return pools;
}

Planner planner_option(const std::string& word, const std::vector<Planner>& planners, unsigned timeout_s) {
  constexpr std::string_view kExec = "exec:";
  if (word.starts_with(kExec)) {
    if (word.size() == kExec.size()) usage("--planner exec:CMD names a command");
    return exec_planner(word.substr(kExec.size()), timeout_s);
  }
  std::string names;
  for (const Planner& p : planners) {
    if (p.name == word) return p;
    names += p.name + ", ";
  }
  usage("--planner: there is no planner " + word + "; say " + names + "or exec:CMD");
}

}  // namespace etc::compile
