// Who must wait for whom, by byte ranges alone; see conflicts.h.
#include "host/conflicts.h"

#include <iterator>

namespace etc::host {

// Makes `at` a border between ranges if a range lies across it.
void ConflictFinder::split(Ranges& ranges, uint64_t at) {
  auto after = ranges.lower_bound(at);
  if (after == ranges.begin()) return;
  const auto before = std::prev(after);
  if (before->second.end <= at) return;
  const Range upper = before->second;
  before->second.end = at;
  ranges.emplace_hint(after, at, upper);
}

// Fills the gaps of [begin, end) with ranges that nobody has touched; borders are split before.
void ConflictFinder::cover(Ranges& ranges, uint64_t begin, uint64_t end) {
  auto it = ranges.lower_bound(begin);
  while (begin < end) {
    if (it == ranges.end() || it->first > begin) {
      const uint64_t gap_end = it == ranges.end() || it->first > end ? end : it->first;
      it = std::next(ranges.emplace_hint(it, begin, Range{gap_end, kNobody, kNobody}));
      begin = gap_end;
    } else {
      begin = it->second.end;
      ++it;
    }
  }
}

void ConflictFinder::touch(Range& range, uint32_t instruction, bool writes, std::vector<uint32_t>* earlier) {
  const auto wait_for = [&](uint32_t other) {
    if (other != kNobody && other != instruction) earlier->push_back(other);
  };
  if (!writes) {
    wait_for(range.writer);
    if (range.readers != kNobody && readers_[range.readers].instruction == instruction) return;
    readers_.push_back({instruction, range.readers});
    range.readers = static_cast<uint32_t>(readers_.size() - 1);
    return;
  }
  bool has_readers = false;
  for (uint32_t r = range.readers; r != kNobody; r = readers_[r].next) {
    wait_for(readers_[r].instruction);
    has_readers = has_readers || readers_[r].instruction != instruction;
  }
  if (!has_readers) wait_for(range.writer);
  range.writer = instruction;
  range.readers = kNobody;
}

void ConflictFinder::add(uint32_t instruction, Span<const Access> accesses, std::vector<uint32_t>* earlier) {
  for (const bool writes : {false, true})  // what is written in place is read before
    for (const Access& a : accesses) {
      if (a.writes != writes) continue;
      Ranges& ranges = spaces_[a.space];
      split(ranges, a.begin);
      split(ranges, a.end);
      cover(ranges, a.begin, a.end);
      for (auto it = ranges.find(a.begin); it != ranges.end() && it->first < a.end; ++it) touch(it->second, instruction, writes, earlier);
    }
}

}  // namespace etc::host
