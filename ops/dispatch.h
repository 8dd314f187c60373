// Choosing a kernel instance by dtype, and small checks that many ops share.
#pragma once

#include "etc/op.h"
#include "ops/number.h"
#include "ops/selection.h"

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

// K<T>::run, or null when this build does not want it; it is not even compiled then. `kWanted`: a mask of dtypes.
template <template <class> class K, class T, uint32_t kWanted>
constexpr Kernel kernel_if_wanted() {
  if constexpr (is_selected(DTypeOf<T>::value, kWanted)) {
    return &K<T>::run;
  } else {
    return nullptr;
  }
}
// K<T>::run for the T that is `dtype`, else null. K is a template with `static Error run(OpContext) noexcept`.
template <template <class> class K, uint32_t kWanted = kSelectedDTypes, class... Ts>
Kernel kernel_for(DType dtype, Types<Ts...>) {
  Kernel found = nullptr;
  (void)((dtype == DTypeOf<Ts>::value && (found = kernel_if_wanted<K, Ts, kWanted>(), true)) || ...);
  return found;
}
template <template <class> class K, class T, uint32_t kWanted>
uint64_t scratch_if_wanted(OpContext ctx) {
  (void)ctx;
  if constexpr (is_selected(DTypeOf<T>::value, kWanted)) {
    return K<T>::scratch(ctx);
  } else {
    return 0;
  }
}
// K<T>::scratch for the same T: how many bytes of scratch that kernel wants. 0 when there is none for the dtype.
template <template <class> class K, uint32_t kWanted = kSelectedDTypes, class... Ts>
uint64_t scratch_for(DType dtype, Types<Ts...>, OpContext ctx) {
  uint64_t bytes = 0;
  (void)((dtype == DTypeOf<Ts>::value && (bytes = scratch_if_wanted<K, Ts, kWanted>(ctx), true)) || ...);
  return bytes;
}

// The dtypes of one width in bytes, as the unsigned integer of that width: whoever is in `dtypes` brings its width along.
constexpr uint32_t widths_of(uint32_t dtypes) {
  uint32_t widths = 0;
  for (uint32_t t = 0; t < kDTypeCount; ++t) {
    if (!(dtypes & (1u << t))) continue;
    const uint32_t bytes = size_in_bytes(static_cast<DType>(t));
    widths |= mask_of(bytes == 1 ? DType::U8 : bytes == 2 ? DType::U16 : bytes == 4 ? DType::U32 : DType::U64);
  }
  return widths;
}
// The same by element width in bytes, for kernels that move elements.
template <template <class> class K, uint32_t kWanted = widths_of(kSelectedDTypes)>
Kernel kernel_for_width(DType dtype) {
  switch (size_in_bytes(dtype)) {
    case 1: return kernel_if_wanted<K, uint8_t, kWanted>();
    case 2: return kernel_if_wanted<K, uint16_t, kWanted>();
    case 4: return kernel_if_wanted<K, uint32_t, kWanted>();
    default: return kernel_if_wanted<K, uint64_t, kWanted>();
  }
}

// True when the operands first .. first + count - 1 that are given are contiguous tensors.
inline bool are_contiguous(OpContext ctx, uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i)
    if (ctx.operand(i).kind == OperandKind::Tensor && !is_contiguous(ctx.tensor(i))) return false;
  return true;
}

// Sizes of a and b, a Meta or a Tensor, broadcast together, into `out` (dtype untouched). BadShape when they do not.
template <class Shape>
inline Error broadcast_sizes(const Meta& a, const Shape& b, Meta* out) {
  const uint32_t rank = a.rank > b.rank ? a.rank : b.rank;
  for (uint32_t last = 1; last <= rank; ++last) {  // from the last dimension on, so that `out` may be `a` or `b`
    const int64_t x = last <= a.rank ? a.sizes[a.rank - last] : 1, y = last <= b.rank ? b.sizes[b.rank - last] : 1;
    if (x != y && x != 1 && y != 1) return Error::BadShape;
    out->sizes[rank - last] = x == 1 ? y : x;
  }
  out->rank = static_cast<uint8_t>(rank);
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
