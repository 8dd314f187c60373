// What the instructions of a method read and write: values, and byte ranges as the program file plans them.
#pragma once

#include <vector>

#include "etc/program.h"

namespace etc::host {

// A range of one space: the bytes of the state or of a pool (numbered as storages in program.capnp), slots, the addresses of values that
// swaps exchange, or what outlasts the run, which nobody changes before the checks of evals that come earlier have passed. Constants are
// nobody's business.
struct Access {
  static constexpr uint32_t kSlots = 0x10000, kAddresses = 0x10001, kChecked = 0x10002;
  uint32_t space;
  bool writes;
  uint64_t begin, end;
};

struct Use {
  enum class Kind : uint8_t { Reads, Writes, Scratch };
  uint32_t value;
  Kind kind;
};

// Of a program that has been opened, with tables that have all of its ops. Dynamic values count with their upper bounds. Values that a
// swap exchanges lie in each other's places, so an access to one of them counts for all places.
class Accesses {
 public:
  Accesses(const Program& program, uint32_t method, Span<const OpTable* const> tables);

  uint32_t instruction_count() const { return static_cast<uint32_t>(first_access_.size()) - 1; }
  Span<const Access> of(uint32_t instruction) const { return part(accesses_, first_access_, instruction); }
  Span<const Use> uses(uint32_t instruction) const { return part(uses_, first_use_, instruction); }

 private:
  friend class AccessCollector;
  template <class T>
  static Span<const T> part(const std::vector<T>& all, const std::vector<size_t>& first, uint32_t i) {
    return {all.data() + first[i], first[i + 1] - first[i]};
  }
  std::vector<Access> accesses_;
  std::vector<Use> uses_;
  std::vector<size_t> first_access_, first_use_;
};

}  // namespace etc::host
