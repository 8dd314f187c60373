// Exact packing; see search.h. What is searched, and why nothing is missed:
//
// Any packing can be pushed down until every buffer rests on the ground or on another. Sorted by (offset, rank) such a packing is a
// sequence in which each buffer is placed at the lowest offset that those before it leave, and offsets never fall. Only these canonical
// sequences are searched. `floor_[b]` is what is known of buffer b's offset: at least that, for any completion of this node.
//
//   time ->   sections s0 s1 s2 …: the times with a maximal set of live buffers; buffers that never share one never meet
//   offset ^  |    |bbbbbbb|
//             |aaaaaaa|    |      placing b raises the floor of whatever shares a section with b to its top,
//                                 and of everything else to its bottom, as offsets never fall
//
// A node is cut off when some section cannot hold its unplaced buffers above their floors, or when a smaller floor would leave a hole
// that an unplaced buffer fits (the packing with it in the hole is searched elsewhere). Where unplaced buffers fall apart into groups
// that share no section, the groups are solved one by one.
#include "plan/search.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace etc::compile {
namespace {

struct Item {
  uint32_t id;                 // index among the intervals
  uint32_t first, last;        // sections, both included
  uint64_t size, alignment;
};

struct Sections {
  uint32_t count = 0;
  std::vector<Item> items;
};

// Cuts time where a buffer begins after one has ended: what lies between two cuts has one maximal set.
Sections sections_of(const std::vector<Interval>& intervals) {
  struct Event {
    int64_t time;
    bool is_start;
    uint32_t id;
  };
  std::vector<Event> events;
  Sections result;
  for (uint32_t i = 0; i < intervals.size(); ++i) {
    events.push_back({intervals[i].lower, true, i});
    events.push_back({intervals[i].upper, false, i});
    result.items.push_back({i, 0, 0, intervals[i].size, intervals[i].alignment});
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.time != b.time ? a.time < b.time : a.is_start != b.is_start ? !a.is_start : a.id < b.id;
  });
  bool has_ended = false;
  for (const Event& e : events) {
    if (e.is_start) {
      if (has_ended) ++result.count;
      has_ended = false;
      result.items[e.id].first = result.count;
    } else {
      has_ended = true;
      result.items[e.id].last = result.count;
    }
  }
  ++result.count;
  return result;
}

// The orders in which buffers of equal floor are tried: W lifetime, A area, T the fullest section, S size; largest first.
constexpr std::array<const char*, 4> kRankings = {"WAT", "TAW", "TWA", "SWT"};

void rank(std::vector<Item>& items, const std::vector<Interval>& intervals, uint32_t section_count, const char* keys) {
  std::vector<uint64_t> totals(section_count), fullest(intervals.size());
  for (const Item& i : items)
    for (uint32_t s = i.first; s <= i.last; ++s) totals[s] += i.size;
  for (const Item& i : items)
    for (uint32_t s = i.first; s <= i.last; ++s) fullest[i.id] = std::max(fullest[i.id], totals[s]);
  auto key = [&](const Item& i, char c) {
    const double length = static_cast<double>(intervals[i.id].upper - intervals[i.id].lower);
    switch (c) {
      case 'W': return length;
      case 'A': return length * static_cast<double>(i.size);
      case 'T': return static_cast<double>(fullest[i.id]);
      default: return static_cast<double>(i.size);
    }
  };
  std::sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    for (const char* c = keys; *c; ++c)
      if (const double x = key(a, *c), y = key(b, *c); x != y) return x > y;
    return a.id < b.id;
  });
}

class Search {
 public:
  Search(const std::vector<Item>& items, uint32_t section_count, uint64_t capacity, uint64_t steps)
      : items_(items), capacity_(capacity), steps_(steps), floor_(items.size()), filled_(section_count), crossing_(section_count) {}

  SearchResult run() {
    std::vector<uint32_t> all(items_.size());
    std::iota(all.begin(), all.end(), 0u);
    return solve_groups(all, 0, kNone);
  }
  uint64_t steps_left() const { return steps_; }
  uint64_t offset(size_t item) const { return floor_[item]; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  using Group = std::vector<uint32_t>;  // ranks of unplaced items

  bool spend(uint64_t n) {
    steps_ -= std::min(n, steps_);
    return steps_ > 0;
  }

  // Splits `unplaced` into groups that share no section and solves each, small ones first: they fail sooner.
  SearchResult solve_groups(Group& unplaced, uint64_t level, uint32_t previous) {
    if (unplaced.empty()) return SearchResult::Found;
    Group by_time = unplaced;
    std::sort(by_time.begin(), by_time.end(), [&](uint32_t a, uint32_t b) { return items_[a].first < items_[b].first; });
    std::vector<Group> groups;
    uint32_t reach = 0;
    for (uint32_t i : by_time) {
      if (groups.empty() || items_[i].first > reach) groups.emplace_back();
      groups.back().push_back(i);
      reach = std::max(reach, items_[i].last);
    }
    std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.size() < b.size(); });
    const size_t mark = trail_.size();
    for (Group& group : groups) {
      const SearchResult r = extend(group, level, previous);
      if (r != SearchResult::Found) {
        undo(mark);
        return r;
      }
    }
    return SearchResult::Found;
  }

  // Whether each section can hold the group's items above their floors: the best schedule takes them by rising floor.
  // Sorts the group by (floor, rank).
  bool is_feasible(Group& group) {
    std::sort(group.begin(), group.end(), [&](uint32_t a, uint32_t b) { return floor_[a] != floor_[b] ? floor_[a] < floor_[b] : a < b; });
    for (uint32_t i : group)
      for (uint32_t s = items_[i].first; s <= items_[i].last; ++s) filled_[s] = 0;
    for (uint32_t i : group) {
      const Item& item = items_[i];
      const uint64_t room = capacity_ - item.size;  // no item is larger than the capacity
      for (uint32_t s = item.first; s <= item.last; ++s) {
        const uint64_t at = std::max(filled_[s], floor_[i]);
        if (at > room) return false;
        filled_[s] = at + item.size;
      }
    }
    return true;
  }

  // Places one more item of a connected group, and then the rest. `level` and `previous` are offset and rank of the last placed one.
  SearchResult extend(Group& group, uint64_t level, uint32_t previous) {
    uint64_t work = group.size();
    for (uint32_t i : group) work += items_[i].last - items_[i].first + 1;
    if (!spend(work)) return SearchResult::GaveUp;
    if (!is_feasible(group)) return SearchResult::Impossible;
    uint64_t lowest_top = UINT64_MAX;
    for (uint32_t i : group) lowest_top = std::min(lowest_top, floor_[i] + items_[i].size);

    Group candidates;
    for (uint32_t i : group) {
      if (floor_[i] >= lowest_top) break;  // they and all after them would leave a hole
      if (floor_[i] == level && previous != kNone && i < previous) continue;  // was tried before `previous`
      const bool has_twin = std::any_of(candidates.begin(), candidates.end(), [&](uint32_t j) {
        return floor_[j] == floor_[i] && items_[j].first == items_[i].first && items_[j].last == items_[i].last &&
               items_[j].size == items_[i].size && items_[j].alignment == items_[i].alignment;
      });
      if (!has_twin) candidates.push_back(i);
    }
    for (uint32_t i : candidates) {
      const size_t mark = trail_.size();
      const uint64_t offset = floor_[i];
      Group rest;
      bool is_covered = false;
      for (uint32_t j : group) {
        if (j == i) continue;
        rest.push_back(j);
        const bool meets = items_[j].first <= items_[i].last && items_[i].first <= items_[j].last;
        raise(j, meets ? offset + items_[i].size : offset);
        is_covered = is_covered || meets;
      }
      const SearchResult r = solve_groups(rest, offset, i);
      if (r != SearchResult::Impossible) return r;
      undo(mark);
      if (!is_covered) break;  // nothing lies above it: no other choice now would help the rest
    }
    return SearchResult::Impossible;
  }

  void raise(uint32_t i, uint64_t floor) {
    const uint64_t alignment = items_[i].alignment;
    floor = (floor + alignment - 1) / alignment * alignment;
    if (floor <= floor_[i]) return;
    trail_.emplace_back(i, floor_[i]);
    floor_[i] = floor;
  }
  void undo(size_t mark) {
    for (; trail_.size() > mark; trail_.pop_back()) floor_[trail_.back().first] = trail_.back().second;
  }

  const std::vector<Item>& items_;  // by rank
  const uint64_t capacity_;
  uint64_t steps_;
  std::vector<uint64_t> floor_;     // of an unplaced item: a lower bound; of a placed one: its offset
  std::vector<uint64_t> filled_;
  std::vector<uint32_t> crossing_;
  std::vector<std::pair<uint32_t, uint64_t>> trail_;
};

}  // namespace

SearchResult search_packing(std::vector<Interval>& intervals, uint64_t capacity, uint64_t* steps) {
  for (const Interval& i : intervals)
    if (i.size > capacity) return SearchResult::Impossible;
  Sections sections = sections_of(intervals);
  // Which ranking suits is not known beforehand and differs by orders of magnitude: each gets ever longer turns.
  for (uint64_t turn = 200'000; *steps > 0; turn *= 4) {
    for (const char* keys : kRankings) {
      rank(sections.items, intervals, sections.count, keys);
      const uint64_t lent = std::min(turn, *steps);
      Search search(sections.items, sections.count, capacity, lent);
      const SearchResult r = search.run();
      *steps -= lent - search.steps_left();
      if (r == SearchResult::Found)
        for (size_t i = 0; i < sections.items.size(); ++i) intervals[sections.items[i].id].offset = search.offset(i);
      if (r != SearchResult::GaveUp) return r;
      if (*steps == 0) break;
    }
  }
  return SearchResult::GaveUp;
}

}  // namespace etc::compile
