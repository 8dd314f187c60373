// What mm, bmm, addmm, baddbmm and linear have in common: from operands to a (batched) product.
#pragma once

#include <type_traits>

#include "ops/dispatch.h"
#include "ops/linalg/matmul.h"
#include "ops/parallel.h"
#include "ops/strided.h"

namespace etc {

// a [.., m, k], b [.., k, n], c [.., m, n]: the last two dimensions of each.
template <class T>
Matmul<T> matrices_of(const Tensor& a, const Tensor& b, const Tensor& c) {
  Matmul<T> p;
  p.m = a.sizes[a.rank - 2];
  p.k = a.sizes[a.rank - 1];
  p.n = b.sizes[b.rank - 1];
  p.a = a.as<T>();
  p.a_row = a.strides[a.rank - 2];
  p.a_column = a.strides[a.rank - 1];
  p.b = b.as<T>();
  p.b_row = b.strides[b.rank - 2];
  p.b_column = b.strides[b.rank - 1];
  p.end.c = c.as<T>();
  p.end.c_row = c.strides[c.rank - 2];
  p.end.c_column = c.strides[c.rank - 1];
  return p;
}

// c = beta * self + alpha * product, `self` broadcast. As in PyTorch, beta = 0 ignores what self holds.
template <class T>
void set_addend(OpContext ctx, uint32_t self, uint32_t beta, uint32_t alpha, Matmul<T>* p) {
  using Acc = Accumulator<T>;
  const auto scalar = [&](uint32_t i) {
    if constexpr (std::is_floating_point_v<Acc>)
      return static_cast<Acc>(ctx.real(i));
    else
      return static_cast<Acc>(ctx.integer(i));
  };
  p->end.alpha = scalar(alpha);
  p->end.beta = scalar(beta);
  if (p->end.beta == Acc{}) return;
  const Tensor& t = ctx.tensor(self);
  p->end.add = t.as<T>();
  p->end.add_row = t.rank >= 2 ? repeating_stride(t, t.rank - 2) : 0;
  p->end.add_column = t.rank >= 1 ? repeating_stride(t, t.rank - 1) : 0;
}

// Runs `count` products; at(i) gives product i, which differs from the others in its pointers only.
template <class T, class At>
void matmul_batch(int64_t count, const At& at, std::byte* scratch, const Hooks* hooks) {
  if (count <= 0) return;
  const Matmul<T> one = at(0);
  const int64_t slots = matmul_slots(one, count);
  const int64_t each = static_cast<int64_t>(matmul_scratch(one));
  parallel_slots(hooks, slots, count, [&](int64_t slot, int64_t i) { matmul(at(i), scratch + slot * each, slots > 1 ? nullptr : hooks); });
}

// Checks that operands a and b are matrices (rank 2, or 3 with equal batches) of one dtype that fit; `result` gets dtype and sizes.
inline Error infer_product(const Meta& a, const Meta& b, uint8_t rank, Meta* result) {
  if (a.rank != rank || b.rank != rank) return Error::BadShape;
  if (a.dtype != b.dtype) return Error::BadArgument;
  if (a.sizes[rank - 1] != b.sizes[rank - 2] || (rank == 3 && a.sizes[0] != b.sizes[0])) return Error::BadShape;
  *result = a;
  result->sizes[rank - 1] = b.sizes[rank - 1];
  return Error::Ok;
}

// The same with an addend that must broadcast to the result.
inline Error infer_sum(const Meta& self, const Meta& a, const Meta& b, uint8_t rank, Meta* result) {
  ETC_TRY(infer_product(a, b, rank, result));
  if (self.dtype != a.dtype) return Error::BadArgument;
  if (self.rank > rank) return Error::BadShape;
  for (uint32_t d = 0; d < self.rank; ++d)
    if (self.sizes[d] != 1 && self.sizes[d] != result->sizes[d + rank - self.rank]) return Error::BadShape;
  return Error::Ok;
}

}  // namespace etc
