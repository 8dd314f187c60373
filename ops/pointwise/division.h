// Division and remainder of two elements as PyTorch defines them. Integer division by zero gives zero and is remembered.
#pragma once

#include "ops/math.h"
#include "ops/pointwise.h"

namespace etc {

// Kernels of functions that may meet a zero divisor: BadValue after the loop, since the loop itself must not trap.
template <template <class> class F, uint32_t kResult>
struct Dividing {
  template <class T>
  struct On {
    static Error run(OpContext ctx) noexcept {
      bool by_zero = false;
      map<T, T, T>(F<ComputeType<T>>{&by_zero}, ctx.tensor(kResult), ctx.tensor(0), ctx.tensor(1));
      return by_zero ? Error::BadValue : Error::Ok;
    }
  };
};

// Quotient towards zero and its remainder; the quotient of the lowest number and -1 wraps.
template <class T>
struct Quotient {
  T quotient, rest;
};
template <class T>
inline Quotient<T> divide(T x, T y, bool* by_zero) {
  if (y == 0) {
    *by_zero = true;
    return {0, 0};
  }
  if constexpr (std::is_signed_v<T>)
    if (y == -1) return {static_cast<T>(Wrapping<T>{0} - static_cast<Wrapping<T>>(x)), 0};
  return {static_cast<T>(x / y), static_cast<T>(x % y)};
}

}  // namespace etc
