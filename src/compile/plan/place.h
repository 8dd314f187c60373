// Which values share a place: results made where a dying argument lies, and new state made where the old one lies.
#pragma once

#include <optional>

#include "plan/sequence.h"

namespace etc::compile {

// Roots of results that lie in one place, one after the other; each but the first is made in place of the one before.
struct Chain {
  std::vector<const Value*> roots;
  const Value* target = nullptr;  // the input or state in whose place they lie; null: a buffer of their own
};

// The roots that result 0 of `node` may replace as far as the op is concerned: declared in place, the very same bytes, nowhere else among
// the arguments.
std::vector<const Value*> replaceable_arguments(const Node& node);

// Every root of a result is in one chain, in order of their first definition. Nothing when the sequence makes a value in a target's
// place that is still read there; those targets are added to `copied`.
std::optional<std::vector<Chain>> place(const Sequence& sequence, bool in_place, std::set<const Value*>& copied);

}  // namespace etc::compile
