// Says how far a result is from what was expected.
#include "compare.h"

#include <cmath>
#include <limits>

#include "element.h"
#include "format.h"

namespace etc::run {
namespace {

// Wide enough for every int64 and uint64 where long double has 64 bits of mantissa or more; elsewhere differences of integers beyond
// 2^53 are rounded, but equality is not: it is asked first, in the elements' own type.
using Wide = long double;
constexpr Wide kInfinity = std::numeric_limits<Wide>::infinity();

template <class T>
Wide difference(T a, T b) {
  if (a == b) return 0;
  const Wide x = static_cast<Wide>(a), y = static_cast<Wide>(b);
  if (std::isnan(x) && std::isnan(y)) return 0;
  if (!std::isfinite(x) || !std::isfinite(y)) return kInfinity;
  return std::fabs(x - y);
}

}  // namespace

Tolerance default_tolerance(DType dtype) {
  switch (dtype) {
    case DType::F16: return {1e-3, 1e-5};
    case DType::BF16: return {1.6e-2, 1e-5};
    case DType::F32: return {1.3e-6, 1e-5};
    case DType::F64: return {1e-7, 1e-7};
    default: return {0, 0};
  }
}

Comparison compare(const host::Array& actual, host::Array expected, std::optional<double> rtol, std::optional<double> atol) {
  Comparison result;
  const Tolerance defaults = default_tolerance(actual.dtype);
  result.tolerance = {rtol.value_or(defaults.rtol), atol.value_or(defaults.atol)};
  if (!host::is_bits_of(expected.dtype, actual.dtype)) {
    result.mismatch = std::string("is ") + name_of(actual.dtype) + ", expected " + name_of(expected.dtype);
    return result;
  }
  if (actual.sizes != expected.sizes) {
    result.mismatch = "has shape " + shape_text(actual.sizes) + ", expected " + shape_text(expected.sizes);
    return result;
  }
  expected.dtype = actual.dtype;
  result.elements = actual.numel();
  Wide max_difference = 0, max_relative = 0, worst_excess = -1, error = 0, norm = 0;  // the last two: sums of squares
  size_t worst = 0;
  with_type(actual.dtype, [&](auto t) {
    using T = decltype(t);
    for (size_t i = 0; i < static_cast<size_t>(result.elements); ++i) {
      const auto a = element<T>(actual.bytes.data(), i), e = element<T>(expected.bytes.data(), i);
      const Wide d = difference(a, e), size = std::fabs(static_cast<Wide>(e));
      if (std::isfinite(size)) norm += size * size;
      if (d == 0) continue;
      max_difference = std::max(max_difference, d);
      max_relative = std::max(max_relative, d == kInfinity ? d : d / size);
      error += d * d;
      const Wide allowed = static_cast<Wide>(result.tolerance.atol) + static_cast<Wide>(result.tolerance.rtol) * size;
      if (d < kInfinity && d <= allowed) continue;
      ++result.differing;
      const Wide excess = d == kInfinity ? kInfinity : d - allowed;  // an infinite tolerance cannot make it less
      if (excess > worst_excess) worst_excess = excess, worst = i;
    }
  });
  result.equal = result.differing == 0;
  result.max_difference = static_cast<double>(max_difference);
  result.max_relative = static_cast<double>(max_relative);
  if (error > 0) result.relative_error = static_cast<double>(std::sqrt(error / norm));
  if (!result.equal) {
    result.actual = element_text(actual, worst);
    result.expected = element_text(expected, worst);
    result.worst.resize(actual.sizes.size());
    for (size_t d = actual.sizes.size(), rest = worst; d-- > 0;) {
      result.worst[d] = static_cast<int64_t>(rest % static_cast<size_t>(actual.sizes[d]));
      rest /= static_cast<size_t>(actual.sizes[d]);
    }
  }
  return result;
}

}  // namespace etc::run
