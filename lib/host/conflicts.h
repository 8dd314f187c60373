// Who must wait for whom, by byte ranges alone.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "host/access.h"

namespace etc::host {

// Takes the instructions of one block in order and finds for each the earlier ones that it must wait for: enough of them that the others
// follow (a write waits for the readers since the last write, and these wait for that write).
class ConflictFinder {
 public:
  // Appends to `earlier`; some may be there more than once.
  void add(uint32_t instruction, Span<const Access> accesses, std::vector<uint32_t>* earlier);

 private:
  static constexpr uint32_t kNobody = 0xffffffffu;
  struct Reader {  // a list that ranges share after they were split
    uint32_t instruction;
    uint32_t next;
  };
  struct Range {
    uint64_t end = 0;
    uint32_t writer = kNobody;
    uint32_t readers = kNobody;  // in readers_
  };
  using Ranges = std::map<uint64_t, Range>;  // by first byte; together all bytes that anybody has touched

  static void split(Ranges& ranges, uint64_t at);
  static void cover(Ranges& ranges, uint64_t begin, uint64_t end);
  void touch(Range& range, uint32_t instruction, bool writes, std::vector<uint32_t>* earlier);
  std::map<uint32_t, Ranges> spaces_;
  std::vector<Reader> readers_;
};

}  // namespace etc::host
