// What elementwise ops share: shape inference, and kernels made of a function of one element.
//
// The function is a template over the type that it computes in, `template <class T> struct F { T operator()(T x) const; }`; one that needs
// more than the elements takes it from the arguments: `explicit F(OpContext ctx)`.
#pragma once

#include <type_traits>

#include "etc/op.h"
#include "ops/dispatch.h"
#include "ops/iterate.h"

namespace etc {

constexpr bool is_computing_float(DType t) { return t == DType::F32 || t == DType::F64 || t == DType::F16 || t == DType::BF16; }

// Arguments 0 .. count - 1 of one dtype, broadcast together, into `m`.
__attribute__((noinline)) inline Error broadcast_arguments(InferContext& ctx, uint32_t count, Meta* m) noexcept {
  const Tensor& first = ctx.tensor(0);
  m->dtype = first.dtype;
  m->rank = first.rank;
  for (uint32_t d = 0; d < first.rank; ++d) m->sizes[d] = first.sizes[d];
  for (uint32_t i = 1; i < count; ++i) {
    const Tensor& t = ctx.tensor(i);
    if (t.dtype != m->dtype) return Error::BadArgument;
    if (t.sizes == first.sizes && t.rank == first.rank) continue;  // the same list: nothing to compare
    ETC_TRY(broadcast_sizes(*m, t, m));
  }
  return Error::Ok;
}

template <bool kToBool>
__attribute__((noinline)) inline Error infer_broadcast_sizes(InferContext& ctx, uint32_t count) noexcept {
  Meta m;
  ETC_TRY(broadcast_arguments(ctx, count, &m));
  if (kToBool) m.dtype = DType::Bool;
  return ctx.set_result(0, m);
}
// Sets the result, of the arguments' dtype or Bool. Sizes that are one list, the usual case, are not even looked at.
template <bool kToBool>
inline Error infer_broadcast(InferContext& ctx, uint32_t count) noexcept {
  const Tensor first = ctx.tensor(0);
  for (uint32_t i = 1; i < count; ++i) {
    const Tensor t = ctx.tensor(i);
    if (t.dtype != first.dtype || t.sizes != first.sizes || t.rank != first.rank) return infer_broadcast_sizes<kToBool>(ctx, count);
  }
  return ctx.set_result(0, kToBool ? DType::Bool : first.dtype, first);
}

// The result has the arguments' dtype.
template <uint32_t kArguments>
inline Error infer_same(InferContext& ctx) noexcept {
  return infer_broadcast<false>(ctx, kArguments);
}
// The same, and it must be one of the floats that kernels compute with.
template <uint32_t kArguments>
inline Error infer_float(InferContext& ctx) noexcept {
  if (!is_computing_float(ctx.tensor(0).dtype)) return Error::BadArgument;
  return infer_same<kArguments>(ctx);
}
template <uint32_t kArguments>
inline Error infer_bool(InferContext& ctx) noexcept {
  return infer_broadcast<true>(ctx, kArguments);
}

template <class F>
inline F make_function(OpContext ctx) {
  if constexpr (std::is_constructible_v<F, OpContext>) {
    return F(ctx);
  } else {
    return F{};
  }
}

// True when the first `arguments` operands and the result have their elements one behind the other and in one order.
inline bool are_flat(OpContext ctx, uint32_t arguments, uint32_t result) noexcept {
  const Tensor first = ctx.tensor(0);
  for (uint32_t i = 1; i < arguments; ++i)
    if (!are_alike(first, ctx.tensor(i))) return false;
  return are_alike(first, ctx.tensor(result)) && is_contiguous(first);
}

// Kernels result[i] = F(arguments[i]…), the result being operand kResult: of the arguments' type, or of R if that is given.
template <template <class> class F, uint32_t kArguments, uint32_t kResult, class R = void>
struct Elementwise {
  template <class T>
  using Out = std::conditional_t<std::is_void_v<R>, T, R>;

  template <class T>
  struct On {
    static Error run(OpContext ctx) noexcept { return run(ctx, std::make_index_sequence<kArguments>{}); }
    template <size_t... I>
    static Error run(OpContext ctx, std::index_sequence<I...>) noexcept {
      map_nested<Out<T>, OneOf<T, I>...>(make_function<F<ComputeType<T>>>(ctx), ctx.tensor(kResult), ctx.tensor(I)...);
      return Error::Ok;
    }
  };
  // What are_flat has accepted needs no look at strides.
  template <class T>
  struct OnFlat {
    static Error run(OpContext ctx) noexcept { return run(ctx, std::make_index_sequence<kArguments>{}); }
    template <size_t... I>
    static Error run(OpContext ctx, std::index_sequence<I...>) noexcept {
      const Tensor result = ctx.tensor(kResult);
      detail::map_flat<Out<T>, OneOf<T, I>...>(make_function<F<ComputeType<T>>>(ctx), result.as<Out<T>>(),
                                               static_cast<ptrdiff_t>(result.numel()), ctx.tensor(I).template as<T>()...);
      return Error::Ok;
    }
  };

  // The kernel is chosen again whenever sizes vary.
  template <class Ts>
  static Kernel select(OpContext ctx, Ts types) noexcept {
    const DType dtype = ctx.tensor(0).dtype;
    return are_flat(ctx, kArguments, kResult) ? kernel_for<OnFlat>(dtype, types) : kernel_for<On>(dtype, types);
  }

 private:
  template <class T, size_t>
  using OneOf = T;
};

template <template <class> class F, class Ts, uint32_t kResult = 1, class R = void>
inline Kernel select_unary(OpContext ctx) noexcept {
  return Elementwise<F, 1, kResult, R>::select(ctx, Ts{});
}
template <template <class> class F, class Ts, uint32_t kResult = 2, class R = void>
inline Kernel select_binary(OpContext ctx) noexcept {
  return Elementwise<F, 2, kResult, R>::select(ctx, Ts{});
}

// The result may lie on any argument of its dtype and sizes.
constexpr OpTraits traits_of(Promotion promotion, uint16_t in_place) {
  OpTraits t;
  t.promotion = promotion;
  t.in_place = in_place;
  return t;
}
constexpr OpTraits kUnary = traits_of(Promotion::None, 1), kUnaryFloat = traits_of(Promotion::Float, 1);
constexpr OpTraits kBinary = traits_of(Promotion::Same, 3), kBinaryFloat = traits_of(Promotion::Float, 3);

// Integers as unsigned ones, in which overflow wraps; other types as they are.
template <class T, bool = std::is_integral_v<T> && !std::is_same_v<T, bool>>
struct WrappingOf {
  using type = T;
};
template <class T>
struct WrappingOf<T, true> {
  // At least unsigned int: the product of two uint16_t would be computed in int and overflow.
  using type = std::conditional_t<(sizeof(T) < sizeof(uint32_t)), uint32_t, std::make_unsigned_t<T>>;
};
template <class T>
using Wrapping = typename WrappingOf<T>::type;

// A Scalar argument as a T; wraps integers, as PyTorch's scalars do on conversion.
template <class T>
inline T number(OpContext ctx, uint32_t i) {
  if constexpr (std::is_same_v<T, bool>) {
    return ctx.real(i) != 0;
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(ctx.real(i));
  } else {
    return static_cast<T>(static_cast<uint64_t>(ctx.integer(i)));
  }
}

}  // namespace etc
