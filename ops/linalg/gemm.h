// The matrix product that convolutions, linear layers, attention and recurrent layers share: C[m,n] = sum over k of A[m,k] B[k,n].
//
// Accumulators are float, double, or unsigned integers (whose wrapping is that of every integer type). B is read in packed panels of
// kColumns columns; where it comes from is the caller's business (a matrix, the windows of an image), and so is what happens to a
// finished tile (scaling, bias, narrowing). Each element is summed in the order of k, in blocks of kDepth, whatever m, n and the threads.
//
//            n ──▶ kColumns
//        k ┌─────┬──┬──┬──┐             one block of B: kDepth × `columns`, packed into scratch
//        │ │     │▒▒│  │  │  kDepth
//        ▼ ├─────┼──┴──┴──┤
//          └─────┴────────┘
//   m ┌─┬─────┐ ┌──┬─────┐
//   │ │ │▒▒▒▒▒│ │▒▒│     │  kRows          the micro-kernel keeps kRows × kColumns sums in registers
//   ▼ └─┴─────┘ └──┴─────┘
#pragma once

#include "etc/op.h"
#include "ops/number.h"

namespace etc {

namespace detail {
template <class T>
struct AccumulatorOf {
  using type = ComputeType<T>;
};
template <>
struct AccumulatorOf<uint8_t> {
  using type = uint32_t;
};
template <>
struct AccumulatorOf<int8_t> {
  using type = uint32_t;
};
template <>
struct AccumulatorOf<int16_t> {
  using type = uint32_t;
};
template <>
struct AccumulatorOf<int32_t> {
  using type = uint32_t;
};
template <>
struct AccumulatorOf<int64_t> {
  using type = uint64_t;
};
}  // namespace detail
// The type that products of T are summed in.
template <class T>
using Accumulator = typename detail::AccumulatorOf<T>::type;
// A T has the same bytes as its accumulator, so that it can be read in place.
template <class T>
constexpr bool kIsAccumulator = sizeof(T) == sizeof(Accumulator<T>);

constexpr int64_t kGemmRows = 4;
constexpr int64_t kGemmDepth = 256;
template <class Acc>
constexpr int64_t kGemmColumns = 32 / sizeof(Acc);

template <class Acc>
struct Product {
  int64_t m = 0, n = 0, k = 0;

  // A in place, at any strides; or, when pack_a is given, written by it into strip[k][kGemmRows]: rows row .. row + rows - 1 (the
  // rest of the strip's rows may stay as they are), depth k0 .. k0 + kc - 1.
  const Acc* a = nullptr;
  int64_t a_row = 0, a_column = 0;
  void (*pack_a)(const void* source, int64_t row, int64_t rows, int64_t k0, int64_t kc, Acc* strip) = nullptr;
  const void* a_source = nullptr;

  // B: panel[k][kGemmColumns] gets columns column .. column + columns - 1 and zeros behind them.
  void (*pack_b)(const void* source, int64_t column, int64_t columns, int64_t k0, int64_t kc, Acc* panel) = nullptr;
  const void* b_source = nullptr;
  // Not null: whole panels are read in place; columns lie one behind the other, rows b_row apart. For few rows of A.
  const Acc* b = nullptr;
  int64_t b_row = 0;

  // Where sums of an unfinished depth wait; null: in scratch (needs_partial of gemm_scratch).
  Acc* partial = nullptr;
  int64_t partial_row = 0, partial_column = 0;
  bool accumulates = false;  // sums start from what partial (then not null) holds

  // Takes a finished tile of rows × columns sums, row-major with kGemmColumns to a row.
  void (*store)(const void* target, int64_t row, int64_t rows, int64_t column, int64_t columns, const Acc* tile) = nullptr;
  const void* target = nullptr;
};

// Bytes of scratch, a multiple of 64; UINT64_MAX when they cannot be counted.
template <class Acc>
uint64_t gemm_scratch(int64_t m, int64_t n, int64_t k, bool needs_partial);

template <class Acc>
void gemm(const Product<Acc>& product, std::byte* scratch, const Hooks* hooks);

// What to do with finished sums: c = alpha * sum + beta * add, narrowed to T. `add` may be null; strides of 0 repeat a bias.
template <class T>
struct Finish {
  using Acc = Accumulator<T>;
  T* c = nullptr;
  int64_t c_row = 0, c_column = 0;
  const T* add = nullptr;
  int64_t add_row = 0, add_column = 0;
  Acc alpha = 1, beta = 1;

  Acc value(int64_t row, int64_t column, Acc sum) const {
    const Acc scaled = alpha == Acc{1} ? sum : static_cast<Acc>(alpha * sum);
    if (!add) return scaled;
    const Acc other = static_cast<Acc>(load(add + row * add_row + column * add_column));
    return static_cast<Acc>(scaled + (beta == Acc{1} ? other : static_cast<Acc>(beta * other)));
  }
  void put(int64_t row, int64_t column, Acc sum) const { c[row * c_row + column * c_column] = static_cast<T>(value(row, column, sum)); }
  static void store(const void* self, int64_t row, int64_t rows, int64_t column, int64_t columns, const Acc* tile) {
    const Finish& f = *static_cast<const Finish*>(self);
    const bool plain = f.alpha == Acc{1} && f.beta == Acc{1} && f.c_column == 1 && (!f.add || f.add_column == 0);
    for (int64_t i = 0; i < rows; ++i, tile += kGemmColumns<Acc>) {
      if (plain) {  // rows of a convolution: a number for each row, or none
        const Acc bias = f.add ? static_cast<Acc>(load(f.add + (row + i) * f.add_row)) : Acc{};
        T* c = f.c + (row + i) * f.c_row + column;
        for (int64_t j = 0; j < columns; ++j) c[j] = static_cast<T>(static_cast<Acc>(tile[j] + bias));
      } else {
        for (int64_t j = 0; j < columns; ++j) f.put(row + i, column + j, tile[j]);
      }
    }
  }
  // Makes it the end of a product. Sums of a type that is its own accumulator wait in the result itself.
  void finish(Product<Acc>& p) const {
    p.store = &Finish::store;
    p.target = this;
    if constexpr (kIsAccumulator<T>) {
      p.partial = reinterpret_cast<Acc*>(c);
      p.partial_row = c_row;
      p.partial_column = c_column;
    }
  }
};

}  // namespace etc
