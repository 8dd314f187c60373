// Choosing a kernel instance by dtype, and small checks that many ops share.
#pragma once

#include "etc/op.h"
#include "ops/number.h"

namespace etc {

template <class... Ts>
struct Types {};
using FloatTypes = Types<float, double, Half, BFloat16>;
using IntTypes = Types<uint8_t, int8_t, int16_t, int32_t, int64_t>;
using WideUnsignedTypes = Types<uint16_t, uint32_t, uint64_t>;
using NumberTypes = Types<float, double, Half, BFloat16, uint8_t, int8_t, int16_t, int32_t, int64_t>;  // no bool
using AllTypes = Types<float, double, Half, BFloat16, uint8_t, int8_t, int16_t, int32_t, int64_t, bool>;
using IntAndBoolTypes = Types<uint8_t, int8_t, int16_t, int32_t, int64_t, bool>;
// Ops that only move elements work on their size: one instance for each width.
using WidthTypes = Types<uint8_t, uint16_t, uint32_t, uint64_t>;

// K<T>::run for the T that is `dtype`, else null. K is a template with `static Error run(OpContext) noexcept`.
template <template <class> class K, class... Ts>
Kernel kernel_for(DType dtype, Types<Ts...>) {
  Kernel found = nullptr;
  (void)((dtype == DTypeOf<Ts>::value && (found = &K<Ts>::run, true)) || ...);
  return found;
}
// K<T>::scratch for the same T: how many bytes of scratch that kernel wants. 0 when there is none for the dtype.
template <template <class> class K, class... Ts>
uint64_t scratch_for(DType dtype, Types<Ts...>, OpContext ctx) {
  uint64_t bytes = 0;
  (void)((dtype == DTypeOf<Ts>::value && (bytes = K<Ts>::scratch(ctx), true)) || ...);
  return bytes;
}
// The same by element width in bytes, for kernels that move elements.
template <template <class> class K>
Kernel kernel_for_width(DType dtype) {
  switch (size_in_bytes(dtype)) {
    case 1: return &K<uint8_t>::run;
    case 2: return &K<uint16_t>::run;
    case 4: return &K<uint32_t>::run;
    default: return &K<uint64_t>::run;
  }
}

// True when the operands first .. first + count - 1 that are given are contiguous tensors.
inline bool are_contiguous(OpContext ctx, uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i)
    if (ctx.operand(i).kind == OperandKind::Tensor && !is_contiguous(ctx.tensor(i))) return false;
  return true;
}

// Sizes of a and b broadcast together, into `out` (dtype untouched). BadShape when they do not.
inline Error broadcast_sizes(const Meta& a, const Meta& b, Meta* out) {
  const uint32_t rank = a.rank > b.rank ? a.rank : b.rank;
  int64_t sizes[kMaxRank];
  for (uint32_t d = 0; d < rank; ++d) {
    const int64_t x = d + a.rank >= rank ? a.sizes[d + a.rank - rank] : 1, y = d + b.rank >= rank ? b.sizes[d + b.rank - rank] : 1;
    if (x != y && x != 1 && y != 1) return Error::BadShape;
    sizes[d] = x == 1 ? y : x;
  }
  out->rank = static_cast<uint8_t>(rank);
  for (uint32_t d = 0; d < rank; ++d) out->sizes[d] = sizes[d];
  return Error::Ok;
}

// Python's dimension index: negative counts from the end; a 0-d tensor has one. False when out of range.
inline bool wrap_dimension(int64_t dim, uint32_t rank, uint32_t* out) {
  const int64_t n = rank ? rank : 1;
  if (dim < -n || dim >= n) return false;
  *out = static_cast<uint32_t>(dim < 0 ? dim + n : dim);
  return true;
}

// Numbers of elements before, in and after a dimension.
struct Split {
  int64_t outer = 1, size = 1, inner = 1;
};
inline Split split_at(const Tensor& t, uint32_t dim) {
  Split s;
  for (uint32_t d = 0; d < t.rank; ++d) (d < dim ? s.outer : d == dim ? s.size : s.inner) *= t.sizes[d];
  return s;
}

}  // namespace etc
