// Each dtype widens to one of four types, and each of these narrows to every dtype: 15 + 60 loops instead of 225.
#include "ops/convert.h"

#include <type_traits>

#include "ops/number.h"
#include "ops/selection.h"

namespace etc {
namespace {

template <class T>
struct WideOf {
  using Integer = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
  using type = std::conditional_t<std::is_same_v<T, double>, double, std::conditional_t<std::is_integral_v<T>, Integer, float>>;
};

// A float as an integer: I's lowest value where it does not fit.
template <class I, class F>
I to_integer(F x) {
  constexpr F kLimit = -static_cast<F>(std::is_same_v<I, int32_t> ? INT32_MIN : INT64_MIN);
  constexpr I kLowest = std::is_same_v<I, int32_t> ? static_cast<I>(INT32_MIN) : static_cast<I>(INT64_MIN);
  return x >= -kLimit && x < kLimit ? static_cast<I>(x) : kLowest;
}

template <class T, class W>
T narrow(W x) {
  if constexpr (std::is_same_v<T, bool>) {
    return x != 0;
  } else if constexpr (std::is_floating_point_v<W> && std::is_integral_v<T>) {
    if constexpr (std::is_same_v<T, uint64_t>) {
      constexpr W kHalf = 9223372036854775808.0;  // 2^63
      if (x >= kHalf) return static_cast<uint64_t>(to_integer<int64_t>(x - kHalf)) ^ (uint64_t{1} << 63);
      return static_cast<uint64_t>(to_integer<int64_t>(x));
    } else if constexpr (sizeof(T) == 8 || std::is_same_v<T, uint32_t>) {
      return static_cast<T>(to_integer<int64_t>(x));
    } else {
      return static_cast<T>(to_integer<int32_t>(x));
    }
  } else if constexpr (std::is_class_v<T>) {
    return T(static_cast<float>(x));
  } else {
    return static_cast<T>(x);
  }
}

template <class T>
void widen_row(const void* source, ptrdiff_t step, void* wide, ptrdiff_t n) {
  using W = typename WideOf<T>::type;
  const T* s = static_cast<const T*>(source);
  W* w = static_cast<W*>(wide);
  for (ptrdiff_t i = 0; i < n; ++i) w[i] = static_cast<W>(load(s + i * step));
}

template <class W, class T>
void narrow_row(const void* wide, void* target, ptrdiff_t step, ptrdiff_t n) {
  const W* w = static_cast<const W*>(wide);
  T* t = static_cast<T*>(target);
  if (step == 1) {
    for (ptrdiff_t i = 0; i < n; ++i) t[i] = narrow<T>(w[i]);
  } else {
    for (ptrdiff_t i = 0; i < n; ++i) t[i * step] = narrow<T>(w[i]);
  }
}

enum class Wide : uint8_t { Float, Double, Signed, Unsigned };
constexpr Wide wide_of(DType t) {
  switch (t) {
    case DType::F64: return Wide::Double;
    case DType::F32:
    case DType::F16:
    case DType::BF16:
    case DType::F8E4M3FN:
    case DType::F8E5M2: return Wide::Float;
    case DType::I8:
    case DType::I16:
    case DType::I32:
    case DType::I64: return Wide::Signed;
    default: return Wide::Unsigned;
  }
}
constexpr bool is_wide(DType t) { return t == DType::F32 || t == DType::F64 || t == DType::I64 || t == DType::U64; }

using WidenRow = void (*)(const void*, ptrdiff_t, void*, ptrdiff_t);
using NarrowRow = void (*)(const void*, void*, ptrdiff_t, ptrdiff_t);

constexpr bool wants(DType t) { return is_selected(t) || is_wide(t); }

// Null for a dtype that this build does not want. Sums and such widen by themselves: the wide dtypes are always there.
template <class T>
constexpr WidenRow widen_for() {
  if constexpr (wants(DTypeOf<T>::value)) {
    return widen_row<T>;
  } else {
    return nullptr;
  }
}
template <class W, class T>
constexpr NarrowRow narrow_for() {
  if constexpr (wants(DTypeOf<T>::value)) {
    return narrow_row<W, T>;
  } else {
    return nullptr;
  }
}

// In the order of DType.
#define ETC_EACH_DTYPE(F)                                                                                                           \
  {                                                                                                                                 \
    F(bool), F(uint8_t), F(int8_t), F(int16_t), F(int32_t), F(int64_t), F(Half), F(BFloat16), F(float), F(double), F(Float8E4M3FN), \
        F(Float8E5M2), F(uint16_t), F(uint32_t), F(uint64_t)                                                                        \
  }
#define ETC_WIDEN(T) widen_for<T>()
constexpr WidenRow kWiden[kDTypeCount] = ETC_EACH_DTYPE(ETC_WIDEN);
#define ETC_FROM_FLOAT(T) narrow_for<float, T>()
#define ETC_FROM_DOUBLE(T) narrow_for<double, T>()
#define ETC_FROM_SIGNED(T) narrow_for<int64_t, T>()
#define ETC_FROM_UNSIGNED(T) narrow_for<uint64_t, T>()
constexpr NarrowRow kNarrow[4][kDTypeCount] = {ETC_EACH_DTYPE(ETC_FROM_FLOAT), ETC_EACH_DTYPE(ETC_FROM_DOUBLE),
                                               ETC_EACH_DTYPE(ETC_FROM_SIGNED), ETC_EACH_DTYPE(ETC_FROM_UNSIGNED)};

}  // namespace

void convert_row(DType from, const void* source, ptrdiff_t source_step, DType to, void* target, ptrdiff_t target_step, ptrdiff_t n) {
  const WidenRow widen = kWiden[static_cast<uint32_t>(from)];
  const NarrowRow narrow = kNarrow[static_cast<uint32_t>(wide_of(from))][static_cast<uint32_t>(to)];
  if (source_step == 1 && is_wide(from)) return narrow(source, target, target_step, n);
  constexpr ptrdiff_t kChunk = 64;
  alignas(16) std::byte wide[kChunk * 8];
  const std::byte* s = static_cast<const std::byte*>(source);
  std::byte* t = static_cast<std::byte*>(target);
  const ptrdiff_t source_bytes = source_step * static_cast<ptrdiff_t>(size_in_bytes(from));
  const ptrdiff_t target_bytes = target_step * static_cast<ptrdiff_t>(size_in_bytes(to));
  for (ptrdiff_t i = 0; i < n; i += kChunk) {
    const ptrdiff_t count = n - i < kChunk ? n - i : kChunk;
    widen(s + i * source_bytes, source_step, wide, count);
    narrow(wide, t + i * target_bytes, target_step, count);
  }
}

}  // namespace etc
