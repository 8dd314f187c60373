// A product of two strided matrices of one type on top of gemm.h: reads them as they lie, chooses which plays A and which B, and has a
// path of its own for matrix times vector.
#pragma once

#include "ops/linalg/gemm.h"

namespace etc {

// Strides in elements. `end` says where results, of type R, go and what else is added. R is T, or what T is accumulated in.
template <class T, class R = T>
struct Matmul {
  int64_t m = 0, n = 0, k = 0;
  const T* a = nullptr;
  int64_t a_row = 0, a_column = 0;
  const T* b = nullptr;
  int64_t b_row = 0, b_column = 0;
  Finish<R> end;
  bool accumulates = false;  // c += a b, for an R that is its own accumulator; `end` then has no alpha and no addend
};

// Both read sizes and strides only as far as scratch is concerned: the pointers may be null in matmul_scratch.
template <class T, class R>
uint64_t matmul_scratch(const Matmul<T, R>& product);
template <class T, class R>
void matmul(const Matmul<T, R>& product, std::byte* scratch, const Hooks* hooks);

// `count` products whose pointers differ: `at(i)` gives product i, all of the sizes and strides of at(0).
// Small products run side by side, each with scratch of its own; large ones are split inside.
constexpr int64_t kMatmulSlots = 8;
template <class T>
int64_t matmul_slots(const Matmul<T>& one, int64_t count) {
  int64_t work = 0;
  if (count < 2 || !checked_multiply(one.m, one.n, &work) || !checked_multiply(work, one.k, &work) || work > (1 << 22)) return 1;
  return count < kMatmulSlots ? count : kMatmulSlots;
}
template <class T>
uint64_t matmul_batch_scratch(const Matmul<T>& one, int64_t count) {
  int64_t bytes = 0;
  const uint64_t each = matmul_scratch(one);
  if (each > INT64_MAX || !checked_multiply(static_cast<int64_t>(each), matmul_slots(one, count), &bytes)) return UINT64_MAX;
  return static_cast<uint64_t>(bytes);
}

}  // namespace etc
