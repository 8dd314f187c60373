// The recorded dependencies of a method, checked; see dependencies.h.
#include "host/dependencies.h"

#include <algorithm>

#include "arena.h"
#include "format.h"
#include "host/conflicts.h"

namespace etc::host {
namespace {

struct Edge {
  uint32_t from, to;
};

// Appended by `to`, each once. False when there are more than anybody but a hostile file needs (a thousand that read all of a pool before
// a thousand that each write a part of it have a million).
bool add_conflicts(const format::Block& block, const Accesses& accesses, std::vector<Edge>* edges) {
  constexpr size_t kMostConflicts = size_t{1} << 26;
  ConflictFinder finder;
  std::vector<uint32_t> earlier;
  for (uint32_t i = block.first; i < block.first + block.count; ++i) {
    earlier.clear();
    finder.add(i, accesses.of(i), &earlier);
    std::sort(earlier.begin(), earlier.end());
    earlier.erase(std::unique(earlier.begin(), earlier.end()), earlier.end());
    for (const uint32_t e : earlier) edges->push_back({e, i});
    if (edges->size() > kMostConflicts) return false;
  }
  return true;
}

// `n + 1` bounds within the list that do not fall, then successors, each after its instruction and in its block.
bool is_sound(Span<const uint32_t> list, const format::Method& m) {
  const size_t n = m.instructions().size;
  if (list.size < n + 1 || list[0] != n + 1 || list[n] != list.size) return false;
  for (const format::Block& block : m.blocks())
    for (uint32_t i = block.first; i < block.first + block.count; ++i) {
      if (list[i + 1] < list[i] || list[i + 1] > list.size) return false;
      for (uint32_t s = list[i]; s < list[i + 1]; ++s)
        if (list[s] <= i || list[s] >= block.first + block.count) return false;
    }
  return true;
}

// Tells whether one instruction of a block comes after another by the recorded list. The instructions fall into chains, each the
// successor of the one before; for each instruction and chain the latest of the chain that comes before it. A stripe of chains at a
// time, so that memory stays in proportion to the instructions.
class Order {
 public:
  Order(const format::Block& block, const Dependencies& d) : first_(block.first), predecessors_(block.count) {
    for (uint32_t i = 0; i < block.count; ++i)
      for (const uint32_t s : d.after(first_ + i)) predecessors_[s - first_].push_back(i);
    make_chains();
  }
  uint64_t work() const { return uint64_t{chains_} * place_.size(); }

  // The first edge that is not ordered, or null.
  const Edge* find_unordered(Span<const Edge> edges) {
    for (uint32_t stripe = 0; stripe < chains_; stripe += kStripe) {
      follow(stripe);
      for (const Edge& e : edges) {
        const Place from = place_[e.from - first_];
        if (from.chain - stripe < kStripe && latest_[size_t{e.to - first_} * kStripe + from.chain - stripe] <= from.position) return &e;
      }
    }
    return nullptr;
  }

 private:
  static constexpr uint32_t kStripe = 16;
  struct Place {
    uint32_t chain, position;
  };

  void make_chains() {
    std::vector<bool> has_next(predecessors_.size());
    for (uint32_t i = 0; i < predecessors_.size(); ++i) {
      const auto before = std::find_if(predecessors_[i].begin(), predecessors_[i].end(), [&](uint32_t p) { return !has_next[p]; });
      if (before == predecessors_[i].end()) {
        place_.push_back({chains_++, 0});
      } else {
        has_next[*before] = true;
        place_.push_back({place_[*before].chain, place_[*before].position + 1});
      }
    }
  }

  // latest_[i][c]: one more than the position of the last instruction of chain stripe + c that comes before i, or is i; 0: none.
  void follow(uint32_t stripe) {
    latest_.assign(place_.size() * kStripe, 0);
    for (size_t i = 0; i < place_.size(); ++i) {
      uint32_t* mine = &latest_[i * kStripe];
      for (const uint32_t p : predecessors_[i])
        for (uint32_t c = 0; c < kStripe; ++c) mine[c] = std::max(mine[c], latest_[size_t{p} * kStripe + c]);
      if (place_[i].chain - stripe < kStripe) mine[place_[i].chain - stripe] = place_[i].position + 1;
    }
  }

  uint32_t first_;
  std::vector<std::vector<uint32_t>> predecessors_;
  std::vector<Place> place_;
  uint32_t chains_ = 0;
  std::vector<uint32_t> latest_;
};

Dependencies from_list(Span<const uint32_t> list, uint32_t instructions) {
  Dependencies d;
  for (uint32_t i = 0; i <= instructions; ++i) d.first.push_back(list[i] - (instructions + 1));
  d.successors.assign(list.begin() + instructions + 1, list.end());
  return d;
}

Dependencies from_edges(std::vector<Edge> edges, uint32_t instructions) {
  std::stable_sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.from < b.from; });
  Dependencies d;
  size_t next = 0;
  for (uint32_t i = 0; i <= instructions; ++i) {
    d.first.push_back(static_cast<uint32_t>(next));
    for (; next < edges.size() && edges[next].from == i; ++next) d.successors.push_back(edges[next].to);
  }
  return d;
}

void count_waits(Dependencies* d) {
  d->waits_for.assign(d->first.size() - 1, 0);
  for (const uint32_t s : d->successors) ++d->waits_for[s];
}

}  // namespace

Result<Dependencies> dependencies_of(const Program& program, uint32_t method, const Accesses& accesses, Fault* fault) {
  // Beyond this many steps (a block of 100000 instructions, 10000 of them side by side) the check of a list costs more than it is worth.
  constexpr uint64_t kMostWork = 1'000'000'000;
  const format::Method& m = ProgramAccess::root(program).methods()[method];
  const auto instructions = static_cast<uint32_t>(m.instructions().size);
  const Span<const uint32_t> list = m.successors();
  if (!list.empty() && !is_sound(list, m)) return fail(fault, Error::BadProgram);

  Dependencies recorded;
  if (!list.empty()) recorded = from_list(list, instructions);
  bool use_recorded = !list.empty();
  std::vector<Edge> all;
  for (const format::Block& block : m.blocks()) {
    const size_t known = all.size();
    if (!add_conflicts(block, accesses, &all)) return fail(fault, Error::OutOfMemory);
    if (!use_recorded) continue;
    Order order(block, recorded);
    if (order.work() > kMostWork)
      use_recorded = false;
    else if (const Edge* e = order.find_unordered({all.data() + known, all.size() - known}))
      return fail(fault, Error::BadProgram, e->to);
  }
  Dependencies d = use_recorded ? std::move(recorded) : from_edges(std::move(all), instructions);
  count_waits(&d);
  return d;
}

}  // namespace etc::host
