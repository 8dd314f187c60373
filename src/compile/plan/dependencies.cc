// Dependencies from byte ranges; see dependencies.h. The borders of all ranges cut each space into cells; a cell remembers who wrote it
// last and who has read it since.
#include "plan/dependencies.h"

#include <algorithm>
#include <map>

#include "plan/touches.h"

namespace etc::compile {
namespace {

constexpr uint32_t kNobody = UINT32_MAX;

struct Cell {
  uint32_t writer = kNobody;
  std::vector<uint32_t> readers;
};

struct Space {
  std::vector<uint64_t> borders;
  std::vector<Cell> cells;  // cell c begins at border c
};

using Predecessors = std::vector<std::vector<uint32_t>>;

class Tracker {
 public:
  explicit Tracker(const std::vector<std::vector<Touch>>& touches) : touches_(touches), before_(touches.size()) {
    for (const auto& list : touches)
      for (const Touch& t : list)
        for (const uint64_t at : {t.begin, t.end}) spaces_[t.space].borders.push_back(at);
    for (auto& [id, space] : spaces_) {
      std::sort(space.borders.begin(), space.borders.end());
      space.borders.erase(std::unique(space.borders.begin(), space.borders.end()), space.borders.end());
    }
  }

  // Instructions of one block, in order.
  void run(uint32_t first, uint32_t end) {
    for (auto& [id, space] : spaces_) space.cells.assign(space.borders.size(), {});
    for (uint32_t i = first; i < end; ++i) {
      for (const bool writes : {false, true})
        for (const Touch& t : touches_[i])
          if (t.writes == writes) for_each_cell(t, [&](Cell& cell) { writes ? write(cell, i) : read(cell, i); });
      std::sort(before_[i].begin(), before_[i].end());
      before_[i].erase(std::unique(before_[i].begin(), before_[i].end()), before_[i].end());
    }
  }

  // By instruction, ascending.
  Predecessors take() { return std::move(before_); }

 private:
  template <class F>
  void for_each_cell(const Touch& t, F f) {
    Space& space = spaces_[t.space];
    auto c = static_cast<size_t>(std::lower_bound(space.borders.begin(), space.borders.end(), t.begin) - space.borders.begin());
    for (; space.borders[c] < t.end; ++c) f(space.cells[c]);
  }
  void wait(uint32_t i, uint32_t earlier) {
    if (earlier != kNobody && earlier != i) before_[i].push_back(earlier);
  }
  void read(Cell& cell, uint32_t i) {
    wait(i, cell.writer);
    if (cell.readers.empty() || cell.readers.back() != i) cell.readers.push_back(i);
  }
  void write(Cell& cell, uint32_t i) {
    for (const uint32_t r : cell.readers) wait(i, r);
    wait(i, cell.writer);
    cell.writer = i;
    cell.readers.clear();
  }

  const std::vector<std::vector<Touch>>& touches_;
  std::map<uint32_t, Space> spaces_;
  Predecessors before_;
};

// Takes out what follows from the rest: p before i is implied when p comes before another predecessor of i. Bit p - stripe of `earlier[i]`
// says that p comes before i, for a stripe of instructions at a time.
void reduce(Predecessors& before, uint32_t first, uint32_t end) {
  constexpr uint32_t kStripe = 4096, kWords = kStripe / 64;
  std::vector<std::vector<uint32_t>> kept(end - first);
  std::vector<uint64_t> earlier;
  for (uint32_t stripe = first; stripe < end; stripe += kStripe) {
    const uint32_t stripe_end = std::min(end, stripe + kStripe);
    earlier.assign(size_t{end - stripe} * kWords, 0);
    for (uint32_t i = stripe; i < end; ++i) {
      uint64_t* mine = &earlier[size_t{i - stripe} * kWords];
      for (const uint32_t p : before[i])
        if (p >= stripe)
          for (uint32_t w = 0; w < kWords; ++w) mine[w] |= earlier[size_t{p - stripe} * kWords + w];
      for (const uint32_t p : before[i]) {
        if (p < stripe || p >= stripe_end) continue;
        uint64_t& word = mine[(p - stripe) / 64];
        const uint64_t bit = uint64_t{1} << ((p - stripe) % 64);
        if (!(word & bit)) kept[i - first].push_back(p);
        word |= bit;
      }
    }
  }
  for (uint32_t i = first; i < end; ++i) before[i] = std::move(kept[i - first]);
}

}  // namespace

Successors successors_of(schema::Program::Reader program, uint32_t method) {
  const std::vector<std::vector<Touch>> touches = touches_of(program, method);
  Tracker tracker(touches);
  for (const auto block : program.getMethods()[method].getBlocks()) tracker.run(block.getFirst(), block.getFirst() + block.getCount());
  Predecessors before = tracker.take();
  for (const auto block : program.getMethods()[method].getBlocks()) reduce(before, block.getFirst(), block.getFirst() + block.getCount());

  Successors successors(touches.size());
  for (uint32_t i = 0; i < before.size(); ++i)
    for (const uint32_t p : before[i]) successors[p].push_back(i);
  return successors;
}

}  // namespace etc::compile
