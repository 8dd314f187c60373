// Who wrote each byte of a memory last, kept as ranges.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace etc::compile {

class ByteMap {
 public:
  using Owner = uint64_t;
  static constexpr Owner kNobody = UINT64_MAX;
  static constexpr Owner kDiffers = UINT64_MAX - 1;  // depends on the path that led here

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
    for_each_range(begin, end, [&f](uint64_t, uint64_t, Owner owner) { return f(owner); });
  }

  // Where two paths meet: bytes with other owners in `other` become kDiffers. True if any did.
  bool meet(const ByteMap& other) {
    std::vector<std::pair<uint64_t, uint64_t>> differing;
    auto compare = [&differing](const ByteMap& outer, const ByteMap& inner, auto is_settled) {
      for (const auto& [from, range] : outer.ranges_) {
        const Owner owner = range.owner;
        inner.for_each_range(from, range.end, [&](uint64_t begin, uint64_t end, Owner found) {
          if (found != owner && !is_settled(owner, found)) differing.emplace_back(begin, end);
          return true;
        });
      }
    };
    compare(*this, other, [](Owner mine, Owner) { return mine == kDiffers; });
    compare(other, *this, [](Owner, Owner mine) { return mine == kDiffers; });
    for (const auto& [begin, end] : differing) write(begin, end, kDiffers);
    return !differing.empty();
  }

 private:
  struct Range {
    uint64_t end;
    Owner owner;
  };

  // Calls f(begin, end, owner) as `read` does, with the part of each range that lies in [begin, end).
  template <class F>
  void for_each_range(uint64_t begin, uint64_t end, F f) const {
    auto it = ranges_.upper_bound(begin);
    if (it != ranges_.begin() && std::prev(it)->second.end > begin) --it;
    for (uint64_t at = begin; at < end;) {
      const bool is_gap = it == ranges_.end() || it->first > at;
      const uint64_t next = std::min(end, is_gap ? (it == ranges_.end() ? end : it->first) : it->second.end);
      if (!f(at, next, is_gap ? kNobody : it->second.owner)) return;
      at = next;
      if (!is_gap) ++it;
    }
  }

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
