// What the .pt2 demands of its inputs beyond ranges: Python conditions over their sizes, "L['x'].size()[0] % 4 == 0".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ir/sym.h"

namespace etc::compile {

// The size of an input along an axis, or with axis -1 the number that it is; empty when there is no such input.
using InputSize = std::function<std::optional<SymInt>(const std::string& input, int64_t axis)>;

// The condition as 0 or 1. Empty when it cannot be read, is of another kind (`math`, floats), or only says that a size is not one of those
// that PyTorch gives code of their own (`!= 1`, `>= 2`): compiled programs need no such distinction.
std::optional<SymInt> parse_guard(std::string_view text, const InputSize& size);

// What must divide an input's size, "L['x'].size()[0] % 4 == 0" and the like: the input, the axis and the divisor; empty for others.
struct Divisibility {
  std::string input;
  int64_t axis = 0, divisor = 1;
};
std::optional<Divisibility> parse_divisibility(std::string_view text);

}  // namespace etc::compile
