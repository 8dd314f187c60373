// The text form of the IR: prints, and parses back to an equal graph.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "ir/graph.h"

namespace etc::compile {

// Constants up to 16 elements are written out, larger ones as their FNV hash (which parses to zeros of that type, so tests of passes
// use small constants).
std::string print_graph(const Graph& graph);
// Throws CompileError with line and column.
Graph parse_graph(std::string_view text);

}  // namespace etc::compile
