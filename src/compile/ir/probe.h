// What an op does with symbolic sizes, found by trying: `infer` is C++ over numbers, so it runs with several numbers for each symbol, and
// its answers are matched with expressions. Deterministic; what the expressions say is checked again by the runtime before each call.
#pragma once

#include <vector>

#include "etc/op.h"
#include "ir/graph.h"

namespace etc::compile {

// Numbers for all symbols of these arguments: first in the middle of the ranges, then the ends, then between. Those that make a size of a
// tensor negative are left out. One empty assignment when there are no symbols.
std::vector<Assignment> probes_of(const std::vector<Argument>& args, const std::vector<TensorType>& results = {});
std::vector<Assignment> probes_of(const Sizes& numbers);

// Whether the two are equal wherever they are tried.
bool seem_equal(const SymInt& a, const SymInt& b);

// The results' types (contiguous) for symbolic arguments. `hints`: sizes that are likely to be met. Any error but Ok is infer's.
// CompileError when a size fits no expression.
Error infer_symbolic(const Op& op, const std::vector<Argument>& args, const Sizes& hints, std::vector<TensorType>* results);

// The most scratch that the op wants for sizes within the ranges, as far as they are tried; the runtime checks before each call.
uint64_t most_scratch_bytes(const Op& op, const std::vector<Argument>& args, const std::vector<TensorType>& results);

}  // namespace etc::compile
