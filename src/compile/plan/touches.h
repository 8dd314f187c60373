// What each instruction of a method touches, from the records of the file.
#pragma once

#include <cstdint>
#include <vector>

#include "program.capnp.h"

namespace etc::compile {

// Bytes of a storage (see program.capnp), slots, the places of values that swaps exchange, or all states and inputs that the method
// changes, which wait for the checks of sizes that come before: a run that is refused has changed nothing.
struct Touch {
  static constexpr uint32_t kSlots = 0x10000, kPlaces = 0x10001, kChanged = 0x10002;
  uint32_t space = 0;
  uint64_t begin = 0, end = 0;
  bool writes = false;
};

// By instruction. Values of dynamic sizes count with their upper bounds, values that swaps exchange with the places of all of them.
std::vector<std::vector<Touch>> touches_of(schema::Program::Reader program, uint32_t method);

}  // namespace etc::compile
