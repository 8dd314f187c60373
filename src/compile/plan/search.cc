// Exact packing; see search.h. What is searched, and why nothing is missed:
//
// Time is cut into sections, the times with a maximal set of live buffers; buffers that never share one never meet. Buffers are stacked
// from below on a skyline, the height of each section. Any packing can be pushed down until every buffer rests on the ground or on
// another, so consider a valley of the skyline, sections [l, r) of height h between higher ones:
//
//   offset ^ |aaa|           |ccc|     A buffer over the valley lies inside it, or reaches over a wall and starts above that wall.
//            |aaa|           |ccc|     So what covers the valley's first section at height h is a buffer that begins there and ends
//            |aaa|bbb|       |ccc|     inside, or nothing: then this height is lost up to the next one where anything can rest.
//             l   ...         r        The same holds for the last section.
//
// Each node decides the end of a valley that has few choices in a place where the search often failed ("dom/wdeg" of constraint
// solvers). What a section may lose is bounded by its slack, the capacity less its height and the sizes of its unplaced buffers; a
// stronger bound lets each buffer wait for its own floor, the highest skyline under it. Where the unplaced buffers fall apart into
// groups that share no section, the groups are solved one by one; groups that failed are remembered. MiniMalloc orders decisions by
// offset over all of time instead; the valleys leave far fewer choices.
#include "plan/search.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <unordered_set>

namespace etc::compile {
namespace {

struct Item {
  uint32_t first, last;  // sections, both included
  uint64_t size;
  double length;
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
    result.items.push_back({0, 0, intervals[i].size, static_cast<double>(intervals[i].upper - intervals[i].lower)});
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

// In which order the choices of a node are tried: W lifetime, A area, T the fullest section, S size; largest first.
constexpr std::array<const char*, 4> kRankings = {"WAT", "TAW", "SWT", "AWT"};

// A well-mixed 64-bit number for each n (splitmix64).
uint64_t mix(uint64_t n) {
  n += 0x9e3779b97f4a7c15u;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9u;
  n = (n ^ (n >> 27)) * 0x94d049bb133111ebu;
  return n ^ (n >> 31);
}

class Search {
 public:
  Search(const Sections& sections, const char* ranking, uint64_t capacity, uint64_t steps, std::vector<uint64_t>& failures, uint64_t turn)
      : items_(sections.items),
        turn_(turn),
        capacity_(capacity),
        steps_(steps),
        offset_(items_.size()),
        floor_(items_.size()),
        height_(sections.count),
        top_(sections.count),
        unplaced_(sections.count),
        filled_(sections.count),
        lowest_(sections.count),
        failures_(failures) {
    for (const Item& i : items_)
      for (uint32_t s = i.first; s <= i.last; ++s) unplaced_[s] += i.size, steps_ -= steps_ > 0;
    rank(ranking);
  }

  SearchResult run() {
    Group all(items_.size());
    std::iota(all.begin(), all.end(), 0u);
    return solve_groups(all);
  }
  uint64_t steps_left() const { return steps_; }
  uint64_t offset(size_t item) const { return offset_[item]; }

 private:
  using Group = std::vector<uint32_t>;  // unplaced items
  struct Change {
    uint32_t section;
    uint64_t height, top;
  };
  // One end of a valley, and what may cover it at its height.
  struct Decision {
    uint32_t section = 0, begin = 0, end = 0;  // the valley is [begin, end)
    bool may_lose = false;
    double score = 0;  // least is decided first
    std::vector<uint32_t> choices;
  };
  static constexpr size_t kMaxRemembered = 1'000'000;

  void rank(const char* keys) {
    std::vector<uint64_t> fullest;
    for (const Item& i : items_) fullest.push_back(*std::max_element(&unplaced_[i.first], &unplaced_[i.last] + 1));
    auto key = [&](uint32_t i, char c) {
      switch (c) {
        case 'W': return items_[i].length;
        case 'A': return items_[i].length * static_cast<double>(items_[i].size);
        case 'T': return static_cast<double>(fullest[i]);
        default: return static_cast<double>(items_[i].size);
      }
    };
    Group order(items_.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      for (const char* c = keys; *c; ++c)
        if (const double x = key(a, *c) * noise(0.3, a), y = key(b, *c) * noise(0.3, b); x != y) return x > y;
      return a < b;
    });
    rank_.resize(items_.size());
    for (uint32_t r = 0; r < order.size(); ++r) rank_[order[r]] = r;
  }

  // Between 1 and 1 + most, another number in each turn and for each n; always 1 in the first ones, which go by the plain heuristics.
  double noise(double most, uint64_t n) const {
    return turn_ < kRankings.size() ? 1 : 1 + most * static_cast<double>(mix(turn_ * 1'000'003 + n) >> 11) / 0x1p53;
  }

  // Splits `unplaced` into groups that share no section and solves each, small ones first: they fail sooner.
  SearchResult solve_groups(Group& unplaced) {
    std::sort(unplaced.begin(), unplaced.end(), [&](uint32_t a, uint32_t b) {
      return items_[a].first != items_[b].first ? items_[a].first < items_[b].first : rank_[a] < rank_[b];
    });
    std::vector<Group> groups;
    uint32_t reach = 0;
    for (uint32_t i : unplaced) {
      if (groups.empty() || items_[i].first > reach) groups.emplace_back();
      groups.back().push_back(i);
      reach = std::max(reach, items_[i].last);
    }
    std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.size() < b.size(); });
    for (Group& group : groups)
      if (const SearchResult r = solve_group(group); r != SearchResult::Found) return r;
    return SearchResult::Found;
  }

  SearchResult solve_group(Group& group) {
    const size_t mark = trail_.size();
    uint64_t work = group.size();
    for (uint32_t i : group) work += items_[i].last - items_[i].first + 1;
    steps_ -= std::min(work, steps_);
    if (steps_ == 0) return SearchResult::GaveUp;
    SearchResult result = SearchResult::Impossible;
    if (settle(group)) {
      const uint64_t key = hash_of(group);
      if (!failed_.count(key)) {
        result = decide(group, pick(group));
        if (result == SearchResult::Impossible && failed_.size() < kMaxRemembered) failed_.insert(key);
      }
    }
    if (result != SearchResult::Found) undo(mark);
    return result;
  }

  // Raises the skyline to the lowest floor of what is to come there. False when a section cannot hold it.
  bool settle(Group& group) {
    for (uint32_t i : group)
      for (uint32_t s = items_[i].first; s <= items_[i].last; ++s) lowest_[s] = UINT64_MAX, filled_[s] = 0;
    for (uint32_t i : group) {
      floor_[i] = *std::max_element(&height_[items_[i].first], &height_[items_[i].last] + 1);
      for (uint32_t s = items_[i].first; s <= items_[i].last; ++s) lowest_[s] = std::min(lowest_[s], floor_[i]);
    }
    by_floor_ = group;
    std::sort(by_floor_.begin(), by_floor_.end(), [&](uint32_t a, uint32_t b) { return floor_[a] < floor_[b]; });
    for (uint32_t i : by_floor_) {
      const Item& item = items_[i];
      for (uint32_t s = item.first; s <= item.last; ++s) {
        filled_[s] = std::max(filled_[s], floor_[i]) + item.size;
        if (filled_[s] > capacity_) {
          ++failures_[s];
          return false;
        }
        if (height_[s] < lowest_[s]) set(s, lowest_[s], top_[s]);
      }
    }
    return true;
  }

  // Of all that the search below this node depends on. Sections of a group are consecutive.
  uint64_t hash_of(const Group& group) const {
    uint64_t hash = 0;
    uint32_t first = UINT32_MAX, last = 0;
    for (uint32_t i : group) {
      hash ^= mix(i);
      first = std::min(first, items_[i].first);
      last = std::max(last, items_[i].last);
    }
    for (uint32_t s = first; s <= last; ++s) hash = mix(hash ^ (height_[s] * 2 + (top_[s] == height_[s])));
    return hash;
  }

  // Few choices where the search has failed often; no choice at all comes first.
  double score_of(const Decision& d) const {
    uint64_t weight = 0, sections = 0;
    for (uint32_t i : d.choices) {
      for (uint32_t s = items_[i].first; s <= items_[i].last; ++s) weight += failures_[s];
      sections += items_[i].last - items_[i].first + 1;
    }
    const size_t choices = d.choices.size() + d.may_lose;
    if (choices == 1) return 0;
    return noise(0.2, d.section) * (static_cast<double>(choices) - 0.9) * static_cast<double>(sections) / static_cast<double>(weight);
  }

  // The decision with the best score. `group` is sorted by first section.
  Decision pick(const Group& group) {
    uint32_t first = items_[group.front()].first, last = 0;
    for (uint32_t i : group) last = std::max(last, items_[i].last);
    Decision best;
    for (uint32_t begin = first, end; begin <= last; begin = end) {
      for (end = begin + 1; end <= last && height_[end] == height_[begin]; ++end) {
      }
      if ((begin > first && height_[begin - 1] < height_[begin]) || (end <= last && height_[end] < height_[begin])) continue;
      for (const bool at_end : {false, true}) {
        Decision d;
        d.begin = begin, d.end = end;
        d.section = at_end ? end - 1 : begin;
        d.may_lose = height_[d.section] + unplaced_[d.section] < capacity_;
        for (uint32_t i : group)
          if (floor_[i] == height_[begin] && (at_end ? items_[i].last : items_[i].first) == d.section) d.choices.push_back(i);
        d.score = score_of(d);
        if (best.choices.empty() || d.score < best.score) best = std::move(d);
      }
    }
    std::sort(best.choices.begin(), best.choices.end(), [&](uint32_t a, uint32_t b) { return rank_[a] < rank_[b]; });
    return best;
  }

  SearchResult decide(const Group& group, const Decision& d) {
    const uint64_t height = height_[d.section];
    const size_t mark = trail_.size();
    for (size_t c = 0; c < d.choices.size(); ++c) {
      const uint32_t i = d.choices[c];
      const Item& item = items_[i];
      const bool has_twin = std::any_of(d.choices.begin(), d.choices.begin() + static_cast<ptrdiff_t>(c), [&](uint32_t j) {
        return items_[j].first == item.first && items_[j].last == item.last && items_[j].size == item.size;
      });
      const bool rests = height == 0 || std::any_of(&top_[item.first], &top_[item.last] + 1, [&](uint64_t top) { return top == height; });
      if (has_twin || !rests) continue;
      offset_[i] = height;
      for (uint32_t s = item.first; s <= item.last; ++s) {
        set(s, height + item.size, height + item.size);
        unplaced_[s] -= item.size;
      }
      Group rest;
      for (uint32_t j : group)
        if (j != i) rest.push_back(j);
      const SearchResult r = solve_groups(rest);
      for (uint32_t s = item.first; s <= item.last; ++s) unplaced_[s] += item.size;
      if (r != SearchResult::Impossible) return r;
      undo(mark);
    }
    if (!d.may_lose) return SearchResult::Impossible;
    set(d.section, next_height(group, d), top_[d.section]);
    if (height_[d.section] + unplaced_[d.section] > capacity_) return SearchResult::Impossible;
    Group rest = group;
    return solve_groups(rest);
  }

  // Where the next item over d.section can start when none does at the valley's height: on a wall, or on an item of the valley.
  uint64_t next_height(const Group& group, const Decision& d) const {
    const uint64_t height = height_[d.section];
    uint64_t next = UINT64_MAX / 2;
    if (d.begin > 0 && height_[d.begin - 1] > height) next = std::min(next, height_[d.begin - 1]);
    if (d.end < height_.size() && height_[d.end] > height) next = std::min(next, height_[d.end]);
    for (uint32_t i : group)
      if (floor_[i] == height && items_[i].first >= d.begin && items_[i].last < d.end &&
          (items_[i].first > d.section || items_[i].last < d.section))
        next = std::min(next, height + items_[i].size);
    return next;
  }

  void set(uint32_t section, uint64_t height, uint64_t top) {
    trail_.push_back({section, height_[section], top_[section]});
    height_[section] = height;
    top_[section] = top;
  }
  void undo(size_t mark) {
    for (; trail_.size() > mark; trail_.pop_back()) {
      height_[trail_.back().section] = trail_.back().height;
      top_[trail_.back().section] = trail_.back().top;
    }
  }

  const std::vector<Item>& items_;
  const uint64_t turn_;  // how many searches came before this one
  const uint64_t capacity_;
  uint64_t steps_;
  std::vector<uint32_t> rank_;
  std::vector<uint64_t> offset_;           // of placed items
  std::vector<uint64_t> floor_;            // of unplaced items of the group at hand
  std::vector<uint64_t> height_, top_;     // of a section: what is used or lost, and the top of the last item in it
  std::vector<uint64_t> unplaced_;         // of a section: sizes of its unplaced items
  std::vector<uint64_t> filled_, lowest_;  // scratch of settle
  Group by_floor_;
  std::vector<uint64_t>& failures_;  // of a section; kept over restarts
  std::vector<Change> trail_;
  std::unordered_set<uint64_t> failed_;
};

}  // namespace

SearchResult search_packing(std::vector<Interval>& intervals, uint64_t capacity, uint64_t* steps) {
  for (const Interval& i : intervals)
    if (i.size > capacity) return SearchResult::Impossible;
  const Sections sections = sections_of(intervals);
  std::vector<uint64_t> failures(sections.count, 1);
  // Which ranking suits is not known beforehand: each gets ever longer turns, and learns from those before where it is tight. How long a
  // search takes depends on luck, so later ones are shaken a little.
  uint64_t turn = 0, size = 0;
  for (const Item& i : sections.items) size += i.last - i.first + 1;
  for (uint64_t length = std::max<uint64_t>(1'000'000, 4 * size); *steps > 0; length = length * 3 / 2) {
    for (const char* keys : kRankings) {
      const uint64_t lent = std::min(length, *steps);
      Search search(sections, keys, capacity, lent, failures, turn++);
      const SearchResult r = search.run();
      *steps -= lent - search.steps_left();
      if (r == SearchResult::Found)
        for (size_t i = 0; i < intervals.size(); ++i) intervals[i].offset = search.offset(i);
      if (r != SearchResult::GaveUp) return r;
      if (*steps == 0) break;
    }
  }
  return SearchResult::GaveUp;
}

}  // namespace etc::compile
