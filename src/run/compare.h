// Says how far a result is from what was expected, by the rule of torch.testing.assert_close: |actual - expected| <= atol + rtol *
// |expected|.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/npy.h"

namespace etc::run {

struct Tolerance {
  double rtol = 0, atol = 0;
};
// torch.testing.assert_close's own for the dtype.
Tolerance default_tolerance(DType dtype);

struct Comparison {
  bool equal = false;
  std::string mismatch;  // dtype or shape differ: what and how; then nothing below is filled
  Tolerance tolerance;
  int64_t elements = 0, differing = 0;
  double max_difference = 0;     // over all elements; NaN against a number counts as infinite
  double max_relative = 0;       // the largest difference in units of what is expected
  double relative_error = 0;     // the differences' root mean square, in units of that of what is expected (finite elements)
  std::vector<int64_t> worst;    // index of the element that exceeds its tolerance most
  std::string actual, expected;  // its two values
};

// NaN equals NaN, infinities equal themselves. bfloat16 and float8 may be expected as their bits.
Comparison compare(const host::Array& actual, host::Array expected, std::optional<double> rtol, std::optional<double> atol);

}  // namespace etc::run
