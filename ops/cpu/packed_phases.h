// The phases of a transposed convolution, for its kernel and for the compiler that packs its weight.
#pragma once

#include <cstdint>

namespace etc::cpu {

// a / by, rounded down.
constexpr int64_t floor_of(int64_t a, int64_t by) { return a >= 0 ? a / by : -((by - 1 - a) / by); }

// Of one dimension: the results y[stride * i + index] are the sums over j < taps of x[i + first + j] * w[weight(j)].
struct Phase {
  int64_t index, first, taps;  // first may be below zero
  int64_t stride, padding;

  Phase(int64_t kernel, int64_t stride, int64_t padding, int64_t index) : index(index), stride(stride), padding(padding) {
    first = floor_of(index + padding - kernel + stride, stride);
    taps = floor_of(index + padding, stride) - first + 1;  // none where the kernel is smaller than the stride and does not reach
  }
  int64_t weight(int64_t j) const { return index + padding - stride * (first + j); }
};

// The most taps that a phase of one dimension has.
constexpr int64_t most_taps(int64_t kernel, int64_t stride) { return (kernel - 1) / stride + 1; }

}  // namespace etc::cpu
