// Sums for normalisation, in an order that depends on the length alone: eight lanes, block by block.
#pragma once

#include "ops/math.h"
#include "ops/number.h"

namespace etc {

// f(x[0]) + … + f(x[n - 1])
template <class T, class F>
inline ComputeType<T> sum_of(const T* x, int64_t n, const F& f) {
  using C = ComputeType<T>;
  constexpr int64_t kLanes = 8, kBlock = 1024;  // a block's sums stay small, so that long rows lose no digits
  C total{};
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t end = n - first < kBlock ? n : first + kBlock;
    C lanes[kLanes] = {};
    int64_t i = first;
    for (; i + kLanes <= end; i += kLanes)
      for (int64_t l = 0; l < kLanes; ++l) lanes[l] += f(load(x + i + l));
    for (int64_t l = 0; i + l < end; ++l) lanes[l] += f(load(x + i + l));
    total += ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }
  return total;
}

template <class T>
struct Moments {
  ComputeType<T> mean, variance;  // of all elements: divided by n
};
template <class T>
inline Moments<T> moments_of(const T* x, int64_t n) {
  using C = ComputeType<T>;
  const C count = static_cast<C>(n);
  const C mean = n == 0 ? C{} : sum_of(x, n, [](C v) { return v; }) / count;
  return {mean, sum_of(x, n, [mean](C v) { return (v - mean) * (v - mean); }) / count};
}

}  // namespace etc
