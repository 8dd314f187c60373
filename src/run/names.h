// The names for people that a program file carries beside what runs.
#pragma once

#include <string>
#include <vector>

#include "etc/host/trace.h"

namespace etc::run {

struct MethodNames {
  std::vector<host::InstructionName> instructions;
  std::vector<std::string> values;  // empty after --strip
};

// As far as the file tells: names are not verified, and what cannot be read is left out. `file` has passed Program::open.
MethodNames names_of(Span<const std::byte> file, uint32_t method);

// "aten::embedding, node embedding of module emb at net/model.py:42"
std::string text_of(const host::InstructionName& name);

}  // namespace etc::run
