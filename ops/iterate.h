// Strided iteration over tensors of any rank without heap: operands broadcast to one shape, dimensions that lie one behind the other
// in every operand become one, and the innermost is a row that loops run along.
#pragma once

#include <cstddef>
#include <tuple>
#include <utility>

#include "etc/op.h"
#include "ops/number.h"

// Before a loop whose iterations do not depend on each other: a result lies apart from an argument or exactly on it.
#if defined(__clang__)
#define ETC_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define ETC_INDEPENDENT _Pragma("GCC ivdep")
#else
#define ETC_INDEPENDENT
#endif

namespace etc {

// The collapsed loop nest of N operands. Strides count elements of their own operand.
template <uint32_t N>
struct Rows {
  uint32_t rank = 0;        // dimensions outside of the row, outermost first
  bool empty = false;       // some dimension is zero: no rows
  ptrdiff_t length = 1;     // elements in a row
  ptrdiff_t steps[N] = {};  // from one element of a row to the next
  ptrdiff_t sizes[kMaxRank];
  ptrdiff_t strides[N][kMaxRank];

  // Adds a dimension inside of those already there.
  void add(ptrdiff_t size, const ptrdiff_t (&step)[N]) {
    if (size == 0) empty = true;
    if (size == 1) return;
    if (!started_) {
      started_ = true;
    } else {
      bool joins = true;
      for (uint32_t k = 0; k < N; ++k) joins &= steps[k] == step[k] * size;
      if (joins) {
        length *= size;
        for (uint32_t k = 0; k < N; ++k) steps[k] = step[k];
        return;
      }
      sizes[rank] = length;
      for (uint32_t k = 0; k < N; ++k) strides[k][rank] = steps[k];
      ++rank;
    }
    length = size;
    for (uint32_t k = 0; k < N; ++k) steps[k] = step[k];
  }

  ptrdiff_t count() const {
    ptrdiff_t n = empty ? 0 : 1;
    for (uint32_t d = 0; d < rank; ++d) n *= sizes[d];
    return n;
  }

 private:
  bool started_ = false;
};

// Stride of dimension `d` of a shape of `rank` dimensions in a tensor that broadcasts to it: 0 where it has one element or none.
inline ptrdiff_t broadcast_stride(const Tensor& t, uint32_t d, uint32_t rank) {
  if (d + t.rank < rank) return 0;
  const uint32_t own = d + t.rank - rank;
  return t.sizes[own] == 1 ? 0 : static_cast<ptrdiff_t>(t.strides[own]);
}

// Rows over the shape of `shape` (usually the result), in which every operand broadcasts.
template <uint32_t N>
__attribute__((noinline)) Rows<N> rows_of(const Tensor& shape, const Tensor* const (&operands)[N]) {
  Rows<N> rows;
  for (uint32_t d = 0; d < shape.rank; ++d) {
    ptrdiff_t step[N];
    for (uint32_t k = 0; k < N; ++k) step[k] = broadcast_stride(*operands[k], d, shape.rank);
    rows.add(static_cast<ptrdiff_t>(shape.sizes[d]), step);
  }
  return rows;
}

// Calls f(offsets) for each row in row-major order: offsets[k] is where operand k's row starts, in its elements.
template <uint32_t N, class F>
inline void for_each_row(const Rows<N>& rows, F f) {
  if (rows.empty) return;
  ptrdiff_t offsets[N] = {}, index[kMaxRank] = {};
  for (;;) {
    f(static_cast<const ptrdiff_t(&)[N]>(offsets));
    uint32_t d = rows.rank;
    for (; d > 0; --d) {
      for (uint32_t k = 0; k < N; ++k) offsets[k] += rows.strides[k][d - 1];
      if (++index[d - 1] < rows.sizes[d - 1]) break;
      for (uint32_t k = 0; k < N; ++k) offsets[k] -= rows.strides[k][d - 1] * rows.sizes[d - 1];
      index[d - 1] = 0;
    }
    if (d == 0) return;
  }
}

// Tensors of the same sizes and strides: they share the lists of them, which is quickly seen. Others may be alike, too.
inline bool are_alike(const Tensor& a, const Tensor& b) noexcept {
  return a.sizes == b.sizes && a.strides == b.strides && a.rank == b.rank;
}

namespace detail {
// How a row's loop reads one operand: compile-time steps make the loops that vectorise.
enum class Step { Any, One, Zero };
template <class T, Step S>
struct Source {
  Source(const T* p, ptrdiff_t step) : p_(p), step_(step) {}
  ComputeType<T> operator[](ptrdiff_t i) const { return load(S == Step::One ? p_ + i : p_ + i * step_); }

 private:
  const T* p_;
  ptrdiff_t step_;
};
template <class T>
struct Source<T, Step::Zero> {
  Source(const T* p, ptrdiff_t) : value_(load(p)) {}
  ComputeType<T> operator[](ptrdiff_t) const { return value_; }

 private:
  ComputeType<T> value_;
};

template <class R, class F, class... S>
inline void map_dense(R* r, ptrdiff_t n, const F& f, const S&... source) {
  ETC_INDEPENDENT
  for (ptrdiff_t i = 0; i < n; ++i) store(r + i, static_cast<ComputeType<R>>(f(source[i]...)));
}
// Compiled once for whole tensors and for rows.
template <class R, class... As, class F>
__attribute__((noinline)) void map_flat(const F& f, R* r, ptrdiff_t n, const As*... args) {
  map_dense(r, n, f, Source<As, Step::One>(args, 1)...);
}
template <class R, class F, class... S>
inline void map_strided(R* r, ptrdiff_t step, ptrdiff_t n, const F& f, const S&... source) {
  for (ptrdiff_t i = 0; i < n; ++i) store(r + i * step, static_cast<ComputeType<R>>(f(source[i]...)));
}

// for_each_row by a function pointer: the walk is compiled once, not once for each op and type.
template <uint32_t N>
__attribute__((noinline)) void walk_erased(const Rows<N>& rows, void* self, void (*run)(void* self, const ptrdiff_t (&at)[N])) {
  for_each_row(rows, [self, run](const ptrdiff_t(&at)[N]) { run(self, at); });
}
template <uint32_t N, class F>
inline void walk(const Rows<N>& rows, F f) {
  walk_erased<N>(rows, &f, [](void* self, const ptrdiff_t(&at)[N]) { (*static_cast<F*>(self))(at); });
}

// The number of elements when all operands have theirs one behind the other and in one order. Otherwise, or when there are none, -1.
template <class... Ts>
inline ptrdiff_t flat_count(const Tensor& first, const Ts&... others) {
  if (!(are_alike(first, others) && ...)) return -1;
  ptrdiff_t n = 1;
  for (uint32_t d = first.rank; d-- > 0;) {
    const auto size = static_cast<ptrdiff_t>(first.sizes[d]);
    if (size != 1 && first.strides[d] != n) return -1;
    n *= size;
  }
  return n;
}

template <class R, class... As, class F, size_t... I>
__attribute__((noinline)) void map_rows(const F& f, std::index_sequence<I...>, const Tensor& result,
                                        const Tensor* const (&operands)[sizeof...(As) + 1]) {
  constexpr uint32_t N = sizeof...(As) + 1;
  const Rows<N> rows = rows_of<N>(result, operands);
  const ptrdiff_t n = rows.length;
  const bool dense = (n == 1 || rows.steps[0] == 1) && ((n == 1 || rows.steps[I + 1] == 1) && ...);
  walk(rows, [&](const ptrdiff_t(&at)[N]) {
    R* r = result.as<R>() + at[0];
    if (dense) return map_flat<R, As...>(f, r, n, static_cast<const As*>(operands[I + 1]->data) + at[I + 1]...);
    if constexpr (N == 3) {  // the usual broadcast: a row and one number
      using A = std::tuple_element_t<0, std::tuple<As...>>;
      using B = std::tuple_element_t<1, std::tuple<As...>>;
      const A* a = static_cast<const A*>(operands[1]->data) + at[1];
      const B* b = static_cast<const B*>(operands[2]->data) + at[2];
      if (rows.steps[0] == 1 && rows.steps[1] == 1 && rows.steps[2] == 0)
        return map_dense(r, n, f, Source<A, Step::One>(a, 1), Source<B, Step::Zero>(b, 0));
      if (rows.steps[0] == 1 && rows.steps[1] == 0 && rows.steps[2] == 1)
        return map_dense(r, n, f, Source<A, Step::Zero>(a, 0), Source<B, Step::One>(b, 1));
    }
    map_strided(r, rows.steps[0], n, f,
                Source<As, Step::Any>(static_cast<const As*>(operands[I + 1]->data) + at[I + 1], rows.steps[I + 1])...);
  });
}
}  // namespace detail

// What map does, for operands that are unlikely to be flat.
template <class R, class... As, class F, class... Ts>
inline void map_nested(const F& f, const Tensor& result, const Ts&... args) {
  const Tensor* const operands[] = {&result, &args...};
  detail::map_rows<R, As...>(f, std::index_sequence_for<As...>{}, result, operands);
}

// result[i] = f(a[i], b[i], …) over the result's shape: R and As are the element types, f works on their ComputeTypes.
// Arguments broadcast; each lies apart from the result or exactly on it. map<float, float>(f, result, a)
template <class R, class... As, class F, class... Ts>
inline void map(const F& f, const Tensor& result, const Ts&... args) {
  static_assert(sizeof...(As) == sizeof...(Ts), "name one element type for each argument");
  if (const ptrdiff_t n = detail::flat_count(result, args...); n >= 0)
    return detail::map_flat<R, As...>(f, result.as<R>(), n, static_cast<const As*>(args.data)...);
  map_nested<R, As...>(f, result, args...);
}

}  // namespace etc
