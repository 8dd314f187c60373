// What waits for what in a program: computed from the records of the file, byte range by byte range, data and shared memory alike.
#pragma once

#include <cstdint>
#include <vector>

#include "program.capnp.h"

namespace etc::compile {

// Of each instruction the ones of its block that must come after it, ascending and as few as imply the others.
using Successors = std::vector<std::vector<uint32_t>>;
Successors successors_of(schema::Program::Reader program, uint32_t method);

}  // namespace etc::compile
