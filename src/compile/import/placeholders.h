// Parameters, buffers and constants of a program: which become constants of the graph, which its state, and who shares memory.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "import/effects.h"
#include "import/functionalise.h"
#include "import/import_graph.h"

namespace etc::compile {

// A mutated buffer, parameter or constant (or several that lie in one memory) and its initial value.
struct StateStorage {
  Value* state = nullptr;
  std::shared_ptr<Storage> storage;
};

// Defines every weight that the program uses in `memory`. Weights of one file entry whose elements overlap share a storage; what is
// written, here or by another method (`shared`), becomes a state, the rest constants of only the elements that are needed.
std::vector<StateStorage> define_weights(const exported::ExportedProgram& program, const exported::Graph& graph, const WeightSource& weight,
                                         const AliasSets& aliases, const std::set<std::string>& shared, Graph& out, Memory& memory);

}  // namespace etc::compile
