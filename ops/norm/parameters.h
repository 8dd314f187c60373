// The dtypes of normalisation's parameters: those of the input, or float32 beside a 16-bit input (as PyTorch allows).
#pragma once

#include "ops/dispatch.h"
#include "ops/strided.h"

namespace etc {

inline bool is_half(DType t) { return t == DType::F16 || t == DType::BF16; }

// Refuses parameters among operands `first` .. `first + count - 1` (optional ones may be absent) that are not vectors of `size` elements
// or do not have one common, allowed dtype, which goes to `dtype` (the input's when there are none).
inline Error check_parameters(const InferContext& ctx, DType input, uint32_t first, uint32_t count, int64_t size, DType* dtype) {
  bool found = false;
  *dtype = input;
  if (input != DType::F32 && input != DType::F64 && !is_half(input)) return Error::BadArgument;
  for (uint32_t i = first; i < first + count; ++i) {
    if (!ctx.has(i)) continue;
    const Meta m = ctx.meta(i);
    if (m.rank != 1 || m.sizes[0] != size) return Error::BadShape;
    if (m.dtype != input && !(m.dtype == DType::F32 && is_half(input))) return Error::BadArgument;
    if (found && m.dtype != *dtype) return Error::BadArgument;
    *dtype = m.dtype;
    found = true;
  }
  return Error::Ok;
}

// K<T, P>::run when this build wants both dtypes, else null.
template <template <class, class> class K, class T, class P, uint32_t kWanted>
constexpr Kernel kernel_if_both_wanted() {
  if constexpr (is_selected(DTypeOf<T>::value, kWanted) && is_selected(DTypeOf<P>::value, kWanted)) {
    return &K<T, P>::run;
  } else {
    return nullptr;
  }
}
// K<T, P>::run for an input dtype and a parameter dtype, else null.
template <template <class, class> class K, uint32_t kWanted = kSelectedDTypes>
Kernel kernel_for_parameters(DType input, DType parameters) {
  const bool same = input == parameters;
  switch (input) {
    case DType::F32: return kernel_if_both_wanted<K, float, float, kWanted>();
    case DType::F64: return kernel_if_both_wanted<K, double, double, kWanted>();
    case DType::F16: return same ? kernel_if_both_wanted<K, Half, Half, kWanted>() : kernel_if_both_wanted<K, Half, float, kWanted>();
    case DType::BF16:
      return same ? kernel_if_both_wanted<K, BFloat16, BFloat16, kWanted>() : kernel_if_both_wanted<K, BFloat16, float, kWanted>();
    default: return nullptr;
  }
}

// dtype of the first parameter that is given, else the input's.
inline DType parameter_dtype(OpContext ctx, DType input, uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i)
    if (ctx.has(i)) return ctx.tensor(i).dtype;
  return input;
}

template <class P>
const P* parameter_or_null(OpContext ctx, uint32_t i) {
  return ctx.has(i) ? ctx.tensor(i).as<P>() : nullptr;
}

}  // namespace etc
