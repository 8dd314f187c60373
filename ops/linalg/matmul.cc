// Products of strided matrices (matmul.h).
#include "ops/linalg/matmul.h"

#include "ops/parallel.h"

namespace etc {
namespace {

// A few rows times columns that lie side by side: B is read in place, packing would cost more than the product.
constexpr int64_t kFewRows = 8;

template <class T, class R>
void pack_rows(const void* source, int64_t row, int64_t rows, int64_t k0, int64_t kc, Accumulator<T>* strip) {
  const Matmul<T, R>& p = *static_cast<const Matmul<T, R>*>(source);
  for (int64_t i = 0; i < rows; ++i) {
    const T* a = p.a + (row + i) * p.a_row + k0 * p.a_column;
    for (int64_t k = 0; k < kc; ++k, a += p.a_column) strip[k * kGemmRows + i] = static_cast<Accumulator<T>>(load(a));
  }
}

template <class T, class R>
void pack_columns(const void* source, int64_t column, int64_t columns, int64_t k0, int64_t kc, Accumulator<T>* panel) {
  using Acc = Accumulator<T>;
  constexpr int64_t kStep = kGemmColumns<Acc>;
  const Matmul<T, R>& p = *static_cast<const Matmul<T, R>*>(source);
  const T* b = p.b + k0 * p.b_row + column * p.b_column;
  if (columns == kStep && p.b_column == 1) {
    for (int64_t k = 0; k < kc; ++k, b += p.b_row, panel += kStep)
      for (int64_t j = 0; j < kStep; ++j) panel[j] = static_cast<Acc>(load(b + j));
    return;
  }
  for (int64_t j = 0; j < kStep; ++j) {
    if (j < columns)
      for (int64_t k = 0; k < kc; ++k) panel[k * kStep + j] = static_cast<Acc>(load(b + k * p.b_row + j * p.b_column));
    else
      for (int64_t k = 0; k < kc; ++k) panel[k * kStep + j] = Acc{};
  }
}

template <class T, class R>
Matmul<T, R> transposed(const Matmul<T, R>& p) {
  Matmul<T, R> t = p;
  t.m = p.n, t.n = p.m;
  t.a = p.b, t.a_row = p.b_column, t.a_column = p.b_row;
  t.b = p.a, t.b_row = p.a_column, t.b_column = p.a_row;
  t.end.c_row = p.end.c_column, t.end.c_column = p.end.c_row;
  t.end.add_row = p.end.add_column, t.end.add_column = p.end.add_row;
  return t;
}

// Sums over k with both operands dense: 8 partial sums, added up pairwise at the end.
template <class Acc, int R>
void dot_rows(int64_t k, const Acc* a, int64_t a_row, const Acc* x, Acc* sums) {
  typedef Acc Vector __attribute__((vector_size(16), may_alias, aligned(alignof(Acc))));
  constexpr int64_t kLanes = 16 / sizeof(Acc);
  Vector partial[R][2] = {};
  int64_t i = 0;
  for (; i + 2 * kLanes <= k; i += 2 * kLanes) {
    const Vector x0 = *reinterpret_cast<const Vector*>(x + i), x1 = *reinterpret_cast<const Vector*>(x + i + kLanes);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      partial[r][0] += *reinterpret_cast<const Vector*>(a + r * a_row + i) * x0;
      partial[r][1] += *reinterpret_cast<const Vector*>(a + r * a_row + i + kLanes) * x1;
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
    Vector both = partial[r][0] + partial[r][1];
    Acc sum = both[0];
    for (int64_t lane = 1; lane < kLanes; ++lane) sum += both[lane];
    for (int64_t j = i; j < k; ++j) sum += a[r * a_row + j] * x[j];
    sums[r] = sum;
  }
}

// Up to 4 rows of A times x, in place, or for narrower types block by block through the stack.
template <class T, class R>
void row_sums(const Matmul<T, R>& p, int64_t row, int64_t rows, Accumulator<T>* sums) {
  using Acc = Accumulator<T>;
  const T* a = p.a + row * p.a_row;
  if constexpr (kIsAccumulator<T>) {
    const Acc *pa = reinterpret_cast<const Acc*>(a), *x = reinterpret_cast<const Acc*>(p.b);
    if (rows == 4) return dot_rows<Acc, 4>(p.k, pa, p.a_row, x, sums);
    for (int64_t r = 0; r < rows; ++r) dot_rows<Acc, 1>(p.k, pa + r * p.a_row, p.a_row, x, sums + r);
  } else {
    constexpr int64_t kBlock = 128;
    Acc x[kBlock], block[4][kBlock], part[4];
    for (int64_t r = 0; r < 4; ++r) sums[r] = Acc{};
    for (int64_t k0 = 0; k0 < p.k; k0 += kBlock) {
      const int64_t kc = p.k - k0 < kBlock ? p.k - k0 : kBlock;
      for (int64_t k = 0; k < kc; ++k) x[k] = static_cast<Acc>(load(p.b + k0 + k));
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t k = 0; k < kc; ++k) block[r][k] = static_cast<Acc>(load(a + r * p.a_row + k0 + k));
      for (int64_t r = 0; r < rows; ++r) {
        dot_rows<Acc, 1>(kc, block[r], kBlock, x, part);
        sums[r] += part[0];
      }
    }
  }
}

template <class T, class R>
void matrix_times_vector(const Matmul<T, R>& p, const Hooks* hooks) {
  const Pieces pieces(p.m, 65536 / (p.k + 1) + 1, 64);
  parallel_for(hooks, pieces.count, [&](int64_t piece) {
    for (int64_t row = pieces.begin(piece), end = pieces.end(piece); row < end; row += 4) {
      using Acc = Accumulator<T>;
      Acc sums[4];
      const int64_t rows = end - row < 4 ? end - row : 4;
      row_sums(p, row, rows, sums);
      for (int64_t r = 0; r < rows; ++r) {
        if (p.accumulates) sums[r] += static_cast<Acc>(load(p.end.c + (row + r) * p.end.c_row));
        p.end.put(row + r, 0, sums[r]);
      }
    }
  });
}

enum class Path { Vector, InPlace, Packed };

// Turns the product so that B is the one that is better packed, and says how to go on.
template <class T, class R>
Path choose(const Matmul<T, R>& p, Matmul<T, R>* chosen) {
  *chosen = p.n > p.m ? transposed(p) : p;  // B is the smaller one
  if (chosen->n == 1 && chosen->a_column == 1 && chosen->b_row == 1) return Path::Vector;
  if constexpr (kIsAccumulator<T>) {
    if (chosen->n <= kFewRows && chosen->a_row == 1 && chosen->m > kFewRows) {
      *chosen = transposed(*chosen);
      return Path::InPlace;
    }
  }
  return Path::Packed;
}

}  // namespace

template <class T, class R>
uint64_t matmul_scratch(const Matmul<T, R>& product) {
  using Acc = Accumulator<T>;
  Matmul<T, R> p;
  if (choose(product, &p) == Path::Vector) return 0;
  return gemm_scratch<Acc>(p.m, p.n, p.k, !kIsAccumulator<R>);
}

template <class T, class R>
void matmul(const Matmul<T, R>& product, std::byte* scratch, const Hooks* hooks) {
  using Acc = Accumulator<T>;
  Matmul<T, R> p;
  const Path path = choose(product, &p);
  Product<Acc> g;
  g.m = p.m, g.n = p.n, g.k = p.k;
  if (path == Path::Vector) return matrix_times_vector(p, hooks);
  if constexpr (kIsAccumulator<T>) {
    g.a = reinterpret_cast<const Acc*>(p.a);
    g.a_row = p.a_row, g.a_column = p.a_column;
    if (path == Path::InPlace) {
      g.b = reinterpret_cast<const Acc*>(p.b);
      g.b_row = p.b_row;
    }
  } else {
    g.pack_a = &pack_rows<T, R>;
    g.a_source = &p;
  }
  g.pack_b = &pack_columns<T, R>;
  g.b_source = &p;
  p.end.finish(g);
  g.accumulates = p.accumulates;
  gemm(g, scratch, hooks);
}

#define ETC_MATMUL(T, R)                                       \
  template uint64_t matmul_scratch<T, R>(const Matmul<T, R>&); \
  template void matmul<T, R>(const Matmul<T, R>&, std::byte*, const Hooks*);
ETC_MATMUL(float, float)
ETC_MATMUL(double, double)
ETC_MATMUL(Half, Half)
ETC_MATMUL(Half, float)
ETC_MATMUL(BFloat16, BFloat16)
ETC_MATMUL(BFloat16, float)
ETC_MATMUL(uint8_t, uint8_t)
ETC_MATMUL(int8_t, int8_t)
ETC_MATMUL(int16_t, int16_t)
ETC_MATMUL(int32_t, int32_t)
ETC_MATMUL(int64_t, int64_t)
#undef ETC_MATMUL

}  // namespace etc
