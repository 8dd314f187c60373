// aten::full, arange, linspace, eye – tensors made from numbers. The compiler writes the dtype; without one it is float, or int64 when
// every number of an arange is an integer.
#include "ops/shape/window.h"

namespace etc {
namespace {

Error set_dtype(OpContext ctx, uint32_t argument, DType otherwise, Meta* m) {
  const int64_t dtype = ctx.integer_or(argument, static_cast<int64_t>(otherwise));
  if (dtype < 0 || dtype >= static_cast<int64_t>(kDTypeCount)) return Error::BadArgument;
  m->dtype = static_cast<DType>(dtype);
  return Error::Ok;
}

bool is_integer(OpContext ctx, uint32_t i) {
  const OperandKind k = ctx.operand(i).kind;
  return k == OperandKind::Int || k == OperandKind::IntSlot;
}

Error infer_full(InferContext& ctx) noexcept {
  Meta m;
  const Ints sizes = ctx.ints(0);
  const OperandKind kind = ctx.operand(1).kind;
  ETC_TRY(set_dtype(ctx, 2, kind == OperandKind::Bool ? DType::Bool : is_integer(ctx, 1) ? DType::I64 : DType::F32, &m));
  if (sizes.size > kMaxRank) return Error::BadShape;
  m.rank = static_cast<uint8_t>(sizes.size);
  int64_t count = 1;
  for (uint32_t d = 0; d < sizes.size; ++d) {
    m.sizes[d] = sizes[d];
    if (!checked_multiply(count, sizes[d], &count)) return Error::BadShape;
  }
  return ctx.set_result(0, m);
}

template <class T>
struct Full {
  static Error run(OpContext ctx) noexcept {
    const Tensor& result = ctx.tensor(6);
    fill_window<T>(result, static_cast<T>(element_bits(ctx, 1, result.dtype)));
    return Error::Ok;
  }
};

Kernel select_full(OpContext ctx) noexcept { return kernel_for_width<Full>(ctx.tensor(6).dtype); }

// ceil((end - start) / step), as PyTorch counts; -1 when that is no size.
int64_t arange_length(OpContext ctx) {
  constexpr double kMost = 4503599627370496.0;  // 2^52: every integer up to it is exact
  if (is_integer(ctx, 0) && is_integer(ctx, 1) && is_integer(ctx, 2)) {
    const int64_t step = ctx.integer(2);
    int64_t span;
    if (step == 0 || step == INT64_MIN || __builtin_sub_overflow(ctx.integer(1), ctx.integer(0), &span) || span == INT64_MIN) return -1;
    if (span == 0) return 0;
    if ((span > 0) != (step > 0)) return -1;
    const int64_t distance = span < 0 ? -span : span, stride = step < 0 ? -step : step;
    return distance / stride + (distance % stride != 0);
  }
  const double quotient = (ctx.real(1) - ctx.real(0)) / ctx.real(2);
  if (!(quotient >= 0 && quotient < kMost)) return -1;
  const auto whole = static_cast<int64_t>(quotient);
  return whole + (static_cast<double>(whole) < quotient);
}

Error infer_arange(InferContext& ctx) noexcept {
  Meta m;
  const bool integers = is_integer(ctx, 0) && is_integer(ctx, 1) && is_integer(ctx, 2);
  ETC_TRY(set_dtype(ctx, 3, integers ? DType::I64 : DType::F32, &m));
  m.rank = 1;
  m.sizes[0] = arange_length(ctx);
  if (m.sizes[0] < 0) return Error::BadShape;
  return ctx.set_result(0, m);
}

template <class T>
struct Arange {
  static Error run(OpContext ctx) noexcept {
    const Tensor& result = ctx.tensor(7);
    T* out = result.as<T>();
    const int64_t n = result.sizes[0];
    if constexpr (std::is_integral_v<T>) {
      const auto start = static_cast<uint64_t>(ctx.integer(0)), step = static_cast<uint64_t>(ctx.integer(2));
      for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(start + static_cast<uint64_t>(i) * step);
    } else {
      // PyTorch accumulates in double for double and float alike, then rounds once.
      const double start = ctx.real(0), step = ctx.real(2);
      for (int64_t i = 0; i < n; ++i) store(out + i, static_cast<ComputeType<T>>(start + step * static_cast<double>(i)));
    }
    return Error::Ok;
  }
};

Kernel select_arange(OpContext ctx) noexcept {
  return are_contiguous(ctx, 7, 1) ? kernel_for<Arange>(ctx.tensor(7).dtype, NumberTypes{}) : nullptr;
}

Error infer_linspace(InferContext& ctx) noexcept {
  Meta m;
  ETC_TRY(set_dtype(ctx, 3, DType::F32, &m));
  m.rank = 1;
  m.sizes[0] = ctx.integer(2);
  if (m.sizes[0] < 0) return Error::BadShape;
  return ctx.set_result(0, m);
}

// From both ends to the middle, so that both are exact.
template <class T>
struct Linspace {
  // PyTorch keeps every intermediate number of a small float in that type.
  template <class C>
  static C rounded(C v) {
    if constexpr (std::is_integral_v<T>) return v;
    T small;
    store(&small, static_cast<ComputeType<T>>(v));
    return static_cast<C>(load(&small));
  }
  static Error run(OpContext ctx) noexcept {
    const Tensor& result = ctx.tensor(7);
    using C = std::conditional_t<std::is_same_v<ComputeType<T>, float>, float, double>;
    T* out = result.as<T>();
    const int64_t n = result.sizes[0];
    const auto start = static_cast<C>(ctx.real(0)), end = static_cast<C>(ctx.real(1));
    const C step = rounded(n > 1 ? (end - start) / static_cast<C>(n - 1) : C{0});
    for (int64_t i = 0; i < n; ++i) {
      const C v = i < n / 2 || n == 1 ? start + rounded(step * static_cast<C>(i)) : end - rounded(step * static_cast<C>(n - 1 - i));
      store(out + i, static_cast<ComputeType<T>>(v));
    }
    return Error::Ok;
  }
};

Kernel select_linspace(OpContext ctx) noexcept {
  return are_contiguous(ctx, 7, 1) ? kernel_for<Linspace>(ctx.tensor(7).dtype, NumberTypes{}) : nullptr;
}

template <bool Square>
Error infer_eye(InferContext& ctx) noexcept {
  Meta m;
  ETC_TRY(set_dtype(ctx, Square ? 1 : 2, DType::F32, &m));
  m.rank = 2;
  m.sizes[0] = ctx.integer(0);
  m.sizes[1] = Square ? m.sizes[0] : ctx.integer(1);
  int64_t count;
  if (!checked_multiply(m.sizes[0], m.sizes[1], &count)) return Error::BadShape;
  return ctx.set_result(0, m);
}

template <uint32_t ResultAt>
struct Eye {
  template <class T>
  struct Fill {
    static Error run(OpContext ctx) noexcept {
      const Tensor& result = ctx.tensor(ResultAt);
      const int64_t rows = result.sizes[0], columns = result.sizes[1];
      std::memset(result.data, 0, static_cast<size_t>(rows * columns) * sizeof(T));
      for (int64_t i = 0; i < rows && i < columns; ++i) result.as<T>()[i * columns + i] = static_cast<T>(1);
      return Error::Ok;
    }
  };
  static Kernel select(OpContext ctx) noexcept {
    return are_contiguous(ctx, ResultAt, 1) ? kernel_for<Fill>(ctx.tensor(ResultAt).dtype, AllTypes{}) : nullptr;
  }
};

}  // namespace

#define ETC_CREATION_OPTIONS "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor"
ETC_OP(full, "aten::full(SymInt[] size, Scalar fill_value, *, " ETC_CREATION_OPTIONS, infer_full, select_full);
ETC_OP(arange, "aten::arange.start_step(Scalar start, Scalar end, Scalar step=1, *, " ETC_CREATION_OPTIONS, infer_arange, select_arange);
ETC_OP(linspace, "aten::linspace(Scalar start, Scalar end, int steps, *, " ETC_CREATION_OPTIONS, infer_linspace, select_linspace);
ETC_OP(eye, "aten::eye(SymInt n, *, " ETC_CREATION_OPTIONS, infer_eye<true>, Eye<5>::select);
ETC_OP(eye_m, "aten::eye.m(SymInt n, SymInt m, *, " ETC_CREATION_OPTIONS, infer_eye<false>, Eye<6>::select);
#undef ETC_CREATION_OPTIONS
}  // namespace etc
