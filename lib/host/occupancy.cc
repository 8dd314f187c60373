// Live bytes of pools over a traced run; see occupancy.h.
#include "host/occupancy.h"

#include <algorithm>
#include <climits>

#include "extent.h"
#include "format.h"

namespace etc::host {
namespace {

struct Life {
  int64_t begin_ns = INT64_MAX, end_ns = INT64_MIN;
  void touch(int64_t begin, int64_t end) {
    begin_ns = std::min(begin_ns, begin);
    end_ns = std::max(end_ns, end);
  }
};

struct Change {
  int64_t at_ns;
  int step;  // -1: a value dies, 1: one is born
  uint64_t begin, end;
};

std::vector<Life> lives_of(const Trace::Run& run, const format::Method& m, const Accesses& accesses) {
  std::vector<Life> lives(m.values().size);  // of roots
  const auto touch = [&](uint32_t value, int64_t begin, int64_t end) { lives[m.roots()[value]].touch(begin, end); };
  for (const Trace::Event& e : run.events)
    for (const Use& use : accesses.uses(e.instruction)) touch(use.value, e.begin_ns, e.end_ns);
  for (const format::Io& io : m.inputs()) touch(io.value, run.begin_ns, run.begin_ns);
  for (const format::Io& io : m.outputs()) touch(io.value, run.end_ns, run.end_ns);
  for (const format::Update& u : m.updates()) touch(u.value, run.end_ns, run.end_ns);
  return lives;
}

// Cuts the pool at every border of a value, and counts how many values hold each piece.
std::vector<Occupancy::Sample> sweep(std::vector<Change> changes) {
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.at_ns != b.at_ns ? a.at_ns < b.at_ns : a.step < b.step; });
  std::vector<uint64_t> borders;
  for (const Change& c : changes) borders.insert(borders.end(), {c.begin, c.end});
  std::sort(borders.begin(), borders.end());
  borders.erase(std::unique(borders.begin(), borders.end()), borders.end());

  std::vector<int> holders(borders.size(), 0);
  std::vector<Occupancy::Sample> samples;
  uint64_t bytes = 0;
  for (const Change& c : changes) {
    auto piece = static_cast<size_t>(std::lower_bound(borders.begin(), borders.end(), c.begin) - borders.begin());
    for (; borders[piece] < c.end; ++piece) {
      const uint64_t size = borders[piece + 1] - borders[piece];
      if (c.step > 0 && holders[piece]++ == 0) bytes += size;
      if (c.step < 0 && --holders[piece] == 0) bytes -= size;
    }
    if (!samples.empty() && samples.back().at_ns == c.at_ns)
      samples.back().bytes = bytes;
    else
      samples.push_back({c.at_ns, bytes});
  }
  return samples;
}

}  // namespace

Occupancy occupancy_of(const Trace::Run& run, const Program& program, uint32_t method, const Accesses& accesses) {
  const format::Program& root = ProgramAccess::root(program);
  const format::Method& m = root.methods()[method];
  const std::vector<Life> lives = lives_of(run, m, accesses);
  std::vector<std::vector<Change>> changes(root.pools().size);
  for (size_t v = 0; v < lives.size(); ++v) {
    const format::Value& value = m.values()[v];
    if (value.storage < format::kFirstPool || lives[v].end_ns < lives[v].begin_ns) continue;
    const int64_t* ints = root.ints().data;
    const uint64_t bytes = extent_of({nullptr, ints + value.sizes, ints + value.strides, value.dtype, value.rank, 0, 0});
    if (bytes == 0) continue;
    std::vector<Change>& pool = changes[value.storage - format::kFirstPool];
    pool.push_back({lives[v].begin_ns, 1, value.offset, value.offset + bytes});
    pool.push_back({std::max(lives[v].end_ns, lives[v].begin_ns + 1), -1, value.offset, value.offset + bytes});  // never dead before born
  }
  Occupancy occupancy;
  for (std::vector<Change>& pool : changes) occupancy.pools.push_back(sweep(std::move(pool)));
  return occupancy;
}

}  // namespace etc::host
