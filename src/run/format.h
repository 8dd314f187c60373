// Tensors and reports as text: for people like NumPy prints, and as JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/json.h"
#include "host/npy.h"

namespace etc::run {

// Element i with as many digits as tell it from its neighbours; nan, inf, -inf, true, false.
std::string element_text(const host::Array& array, size_t i);
// "[2, 3]"
std::string shape_text(const std::vector<int64_t>& sizes);
// "2x3xf32", as literals begin.
std::string type_text(DType dtype, const std::vector<int64_t>& sizes);
// The values in nested brackets. More than 1000 elements: three at each end of each dimension.
std::string values_text(const host::Array& array);

using host::json_text;
std::string json_values(const host::Array& array);  // flat, row-major; "NaN", "Infinity", "-Infinity" as strings
std::string json_number(double value);              // likewise
std::string json_sizes(const std::vector<int64_t>& sizes);

}  // namespace etc::run
