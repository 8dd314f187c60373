// Packing: quick heuristics first, then exact search between the lower bound and what they found.
#include "plan/solve.h"

#include <algorithm>
#include <numeric>

#include "plan/greedy.h"
#include "plan/search.h"

namespace etc::compile {
namespace {

// A few seconds.
constexpr uint64_t kDefaultSteps = 500'000'000;

// Intervals that take memory at all; the others get offset 0.
std::vector<uint32_t> nonempty(const std::vector<Interval>& intervals) {
  std::vector<uint32_t> ids;
  for (uint32_t i = 0; i < intervals.size(); ++i)
    if (intervals[i].size > 0 && intervals[i].lower < intervals[i].upper) ids.push_back(i);
  return ids;
}

// All offsets are multiples of this in any packing that is pushed down.
uint64_t granularity(const std::vector<Interval>& intervals) {
  uint64_t g = 0;
  for (const Interval& i : intervals) g = std::gcd(g, i.size);
  return g;
}

uint64_t top_of(const std::vector<Interval>& intervals) {
  uint64_t top = 0;
  for (const Interval& i : intervals) top = std::max(top, i.offset + i.size);
  return top;
}

// Narrows the gap between what is impossible and what is packed. The bound itself is tried first: it is nearly always reached.
void tighten(std::vector<Interval>& intervals, uint64_t bound, uint64_t steps, Packing& packing) {
  const uint64_t unit = granularity(intervals);
  uint64_t low = (bound + unit - 1) / unit * unit;
  bool all_proved = true;
  for (uint64_t target = low; low < packing.bytes; target = low + (packing.bytes - low) / unit / 2 * unit) {
    uint64_t lent = target == bound ? steps / 2 : steps / 8;
    const uint64_t before = lent;
    const SearchResult r = search_packing(intervals, target, &lent);
    steps -= before - lent;
    if (r == SearchResult::Found) {
      packing.bytes = top_of(intervals);
    } else {
      low = target + unit;
      all_proved = all_proved && r == SearchResult::Impossible;
    }
    if (steps < 1000) return;
  }
  packing.proven_optimal = all_proved;
}

}  // namespace

uint64_t lower_bound(const std::vector<Interval>& intervals) {
  std::vector<std::pair<int64_t, int64_t>> changes;  // ends sort before starts of the same time: sizes below 2^63
  for (uint32_t i : nonempty(intervals)) {
    changes.emplace_back(intervals[i].lower, static_cast<int64_t>(intervals[i].size));
    changes.emplace_back(intervals[i].upper, -static_cast<int64_t>(intervals[i].size));
  }
  std::sort(changes.begin(), changes.end());
  int64_t live = 0, peak = 0;
  for (auto [time, change] : changes) peak = std::max(peak, live += change);
  return static_cast<uint64_t>(peak);
}

Packing solve(std::vector<Interval>& intervals, uint64_t capacity, uint64_t max_steps) {
  Packing packing;
  const std::vector<uint32_t> ids = nonempty(intervals);
  for (Interval& i : intervals) i.offset = 0;
  std::vector<Interval> work;
  for (uint32_t i : ids) work.push_back(intervals[i]);
  if (work.empty()) {
    packing.proven_optimal = true;
    return packing;
  }
  const uint64_t bound = lower_bound(work), steps = max_steps ? max_steps : kDefaultSteps;
  const bool has_capacity = capacity != UINT64_MAX;
  packing.bytes = pack_greedily(work, has_capacity ? std::max(capacity, bound) : bound);
  if (has_capacity && packing.bytes > capacity && bound <= capacity) {
    uint64_t left = steps;
    const SearchResult found = search_packing(work, capacity, &left);
    if (found == SearchResult::Found) packing.bytes = top_of(work);
    packing.proven_not_to_fit = found == SearchResult::Impossible;
  } else if (!has_capacity) {
    tighten(work, bound, steps, packing);
  }
  packing.proven_optimal = packing.proven_optimal || packing.bytes == bound;
  packing.fits = packing.bytes <= capacity;
  packing.proven_not_to_fit = packing.proven_not_to_fit || bound > capacity;
  for (size_t i = 0; i < ids.size(); ++i) intervals[ids[i]].offset = work[i].offset;
  return packing;
}

}  // namespace etc::compile
