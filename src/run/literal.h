// Inputs written on the command line: "2x3xf32=1,2,3,4,5,6", "f32=1.5", "=random:SEED", "=zeros".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/npy.h"

namespace etc::run {

struct Literal {
  std::optional<DType> dtype;  // without one, dtype and shape are those that the program wants
  std::vector<int64_t> sizes;
  std::string values;  // after the equals sign
};

// Nothing when the word does not begin like a literal. UserError (kUsage) for a shape that cannot be, or without values.
std::optional<Literal> parse_literal(std::string_view word);
// "zeros", "random", "random:7"
bool is_generator(std::string_view values);

// The tensor. UserError (kUsage), beginning with `place`, for a value that is no number of the dtype or the wrong number of values.
host::Array make_array(std::string_view values, DType dtype, const std::vector<int64_t>& sizes, const std::string& place);

}  // namespace etc::run
