// List scheduling; see schedule.h.
#include "plan/schedule.h"

#include <algorithm>
#include <queue>

namespace etc::compile {

std::vector<TimeSpan> schedule(const Successors& successors, const std::vector<uint64_t>& cost, uint32_t first, uint32_t end,
                               uint32_t workers) {
  const uint32_t count = end - first;
  std::vector<uint64_t> way(count);  // to the end of the block, itself included
  std::vector<uint32_t> waits(count);
  for (uint32_t i = count; i-- > 0;) {
    for (const uint32_t s : successors[first + i]) {
      way[i] = std::max(way[i], way[s - first]);
      ++waits[s - first];
    }
    way[i] += cost[first + i];
  }

  // The longest way first, then the order as it was.
  const auto later = [&](uint32_t a, uint32_t b) { return way[a] != way[b] ? way[a] < way[b] : a > b; };
  std::priority_queue<uint32_t, std::vector<uint32_t>, decltype(later)> ready(later);
  std::vector<TimeSpan> times(count);
  const auto ends_later = [&](uint32_t a, uint32_t b) { return times[a].end != times[b].end ? times[a].end > times[b].end : a > b; };
  std::priority_queue<uint32_t, std::vector<uint32_t>, decltype(ends_later)> running(ends_later);
  for (uint32_t i = 0; i < count; ++i)
    if (waits[i] == 0) ready.push(i);

  uint64_t now = 0;
  while (!ready.empty() || !running.empty()) {
    while (!ready.empty() && running.size() < workers) {
      const uint32_t i = ready.top();
      ready.pop();
      times[i] = {now, now + cost[first + i]};
      running.push(i);
    }
    now = times[running.top()].end;
    while (!running.empty() && times[running.top()].end == now) {
      for (const uint32_t s : successors[first + running.top()])
        if (--waits[s - first] == 0) ready.push(s - first);
      running.pop();
    }
  }
  return times;
}

}  // namespace etc::compile
