// What the core's error values mean to the user, and where in the model a fault lies.
#pragma once

#include <string>

#include "etc/base.h"
#include "host/error.h"

namespace etc::run {

// "a value from the data is out of range (an index, …)"
const char* meaning_of(Error error);
host::ExitCode exit_code_of(Error error);
// "instruction 17 (aten::embedding, node embedding of module emb at net/model.py:42)", as far as the file tells; empty when the fault
// has no place. `file` has passed Program::open.
std::string place_of(Span<const std::byte> file, uint32_t method, const Fault& fault);

}  // namespace etc::run
