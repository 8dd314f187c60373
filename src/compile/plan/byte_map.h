// Who wrote each byte of a memory last, kept as ranges.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace etc::compile {

class ByteMap {
 public:
  using Owner = uint64_t;
  static constexpr Owner kNobody = UINT64_MAX;

  void write(uint64_t begin, uint64_t end, Owner owner) {
    if (begin >= end) return;
    split(begin);
    split(end);
    ranges_.erase(ranges_.lower_bound(begin), ranges_.lower_bound(end));
    ranges_.emplace(begin, Range{end, owner});
  }

  // Calls f(owner) for each range that touches [begin, end), kNobody for what was never written, until f returns false.
  template <class F>
  void read(uint64_t begin, uint64_t end, F f) const {
    auto it = ranges_.upper_bound(begin);
    if (it != ranges_.begin() && std::prev(it)->second.end > begin) --it;
    for (uint64_t at = begin; at < end;) {
      const bool is_gap = it == ranges_.end() || it->first > at;
      if (!f(is_gap ? kNobody : it->second.owner)) return;
      if (is_gap) {
        at = it == ranges_.end() ? end : it->first;
      } else {
        at = it->second.end;
        ++it;
      }
    }
  }

 private:
  struct Range {
    uint64_t end;
    Owner owner;
  };

  // Makes `at` a border between ranges if a range lies across it.
  void split(uint64_t at) {
    auto it = ranges_.lower_bound(at);
    if (it == ranges_.begin()) return;
    --it;
    if (it->second.end <= at) return;
    ranges_.emplace(at, it->second);
    it->second.end = at;
  }

  std::map<uint64_t, Range> ranges_;  // by first byte; disjoint
};

}  // namespace etc::compile
