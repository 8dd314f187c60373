// The blocked loops and the micro-kernel of gemm.h. GCC's vector types say what should lie in registers; on a target without vectors
// they become scalars, with the same bits.
#include "ops/linalg/gemm.h"

#include "ops/parallel.h"

namespace etc {
namespace {

template <class Acc>
struct VectorOf {
  typedef Acc type __attribute__((vector_size(16), may_alias, aligned(alignof(Acc))));
};

// tile = A rows × B panel over kc; R rows, V vectors of the panel.
template <class Acc, int R, int V>
inline void tile_product(int64_t kc, const Acc* a, int64_t a_row, int64_t a_column, const Acc* b, int64_t b_row, Acc* tile) {
  using Vector = typename VectorOf<Acc>::type;
  constexpr int64_t kLanes = 16 / sizeof(Acc);
  Vector sums[R][V] = {};
  for (int64_t k = 0; k < kc; ++k) {
    Vector columns[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) columns[v] = *reinterpret_cast<const Vector*>(b + v * kLanes);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const Acc x = a[r * a_row];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r][v] += x * columns[v];
    }
    a += a_column;
    b += b_row;
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) *reinterpret_cast<Vector*>(tile + r * kGemmColumns<Acc> + v * kLanes) = sums[r][v];
}

template <class Acc, int V>
void tile_product(int64_t rows, int64_t kc, const Acc* a, int64_t a_row, int64_t a_column, const Acc* b, int64_t b_row, Acc* tile) {
  switch (rows) {
    case 4: return tile_product<Acc, 4, V>(kc, a, a_row, a_column, b, b_row, tile);
    case 3: return tile_product<Acc, 3, V>(kc, a, a_row, a_column, b, b_row, tile);
    case 2: return tile_product<Acc, 2, V>(kc, a, a_row, a_column, b, b_row, tile);
    default: return tile_product<Acc, 1, V>(kc, a, a_row, a_column, b, b_row, tile);
  }
}

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// How many columns of B are packed at a time: up to 64, fewer when the block would be large beside the matrices themselves, since
// scratch counts in the planned peak.
template <class Acc>
int64_t block_columns(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t kStep = kGemmColumns<Acc>, kMost = 64;
  int64_t a = 0, c = 0, budget = 0;
  if (!checked_multiply(m, k, &a) || !checked_multiply(m, n, &c) || !checked_add(a, c, &budget)) budget = INT64_MAX;
  const int64_t depth = k < 1 ? 1 : smaller(k, kGemmDepth);
  int64_t columns = smaller(budget / 8 / depth, smaller(n + kStep - 1, kMost)) / kStep * kStep;
  return columns < kStep ? kStep : columns;
}

// One packed block of B, and what is done with it.
template <class Acc>
struct Block {
  static constexpr int64_t kStep = kGemmColumns<Acc>;
  const Product<Acc>& p;
  int64_t n0, nc, k0, kc;
  Acc* packed;
  Acc* partial;  // of row 0, column n0
  int64_t partial_row, partial_column;

  bool is_packed(int64_t j) const { return !p.b || j + kStep > nc; }

  void pack(int64_t panel) const {
    const int64_t j = panel * kStep;
    if (kc > 0 && is_packed(j)) p.pack_b(p.b_source, n0 + j, smaller(kStep, nc - j), k0, kc, packed + j * kc);
  }

  // Multiplies up to kGemmRows rows of A.
  void multiply(int64_t row, int64_t rows, const Acc* a, int64_t a_row, int64_t a_column) const {
    alignas(16) Acc tile[kGemmRows * kStep];
    for (int64_t j = 0; j < nc; j += kStep) {
      const Acc* b = is_packed(j) ? packed + j * kc : p.b + k0 * p.b_row + n0 + j;
      const int64_t b_row = is_packed(j) ? kStep : p.b_row, width = smaller(kStep, nc - j);
      if (width * 2 <= kStep)
        tile_product<Acc, 1>(rows, kc, a, a_row, a_column, b, b_row, tile);
      else
        tile_product<Acc, 2>(rows, kc, a, a_row, a_column, b, b_row, tile);
      Acc* sums = partial + row * partial_row + j * partial_column;
      if (k0 != 0 || p.accumulates)
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t c = 0; c < width; ++c) tile[r * kStep + c] += sums[r * partial_row + c * partial_column];
      if (k0 + kc >= p.k) {
        p.store(p.target, row, rows, n0 + j, width, tile);
      } else {
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t c = 0; c < width; ++c) sums[r * partial_row + c * partial_column] = tile[r * kStep + c];
      }
    }
  }
  // Not inline: only who packs A pays for the strip on the stack.
  [[gnu::noinline]] void multiply_packed(int64_t row, int64_t rows) const {
    Acc strip[kGemmRows * kGemmDepth];
    if (kc > 0) p.pack_a(p.a_source, row, rows, k0, kc, strip);
    multiply(row, rows, strip, 1, kGemmRows);
  }
  void multiply_strip(int64_t s) const {
    const int64_t row = s * kGemmRows, rows = smaller(kGemmRows, p.m - row);
    if (p.pack_a)
      multiply_packed(row, rows);
    else
      multiply(row, rows, p.a + row * p.a_row + k0 * p.a_column, p.a_row, p.a_column);
  }
};

}  // namespace

template <class Acc>
uint64_t gemm_scratch(int64_t m, int64_t n, int64_t k, bool needs_partial) {
  if (m <= 0 || n <= 0) return 0;
  if (n > INT64_MAX - 64) return UINT64_MAX;
  const int64_t columns = block_columns<Acc>(m, n, k);
  int64_t elements = smaller(k, kGemmDepth) * columns, partial = 0;
  if (needs_partial && k > kGemmDepth && !checked_multiply(m, columns, &partial)) return UINT64_MAX;
  int64_t bytes = 0;
  if (!checked_add(elements, partial, &elements) || !checked_multiply(elements, sizeof(Acc), &bytes) || !checked_add(bytes, 63, &bytes))
    return UINT64_MAX;
  return static_cast<uint64_t>(bytes) / 64 * 64;
}

template <class Acc>
void gemm(const Product<Acc>& p, std::byte* scratch, const Hooks* hooks) {
  if (p.m <= 0 || p.n <= 0) return;
  const int64_t columns = block_columns<Acc>(p.m, p.n, p.k);
  Acc* const packed = reinterpret_cast<Acc*>(scratch);
  Acc* const waiting = packed + smaller(p.k, kGemmDepth) * columns;

  for (int64_t n0 = 0; n0 < p.n; n0 += columns) {
    const int64_t nc = smaller(columns, p.n - n0);
    for (int64_t k0 = 0; k0 == 0 || k0 < p.k; k0 += kGemmDepth) {
      const int64_t kc = smaller(kGemmDepth, p.k - k0);
      Block<Acc> block{p, n0, nc, k0, kc, packed, waiting, columns, 1};
      if (p.partial) {
        block.partial = p.partial + n0 * p.partial_column;
        block.partial_row = p.partial_row;
        block.partial_column = p.partial_column;
      }
      parallel_for(nc * kc < 4096 ? nullptr : hooks, (nc + block.kStep - 1) / block.kStep, [&](int64_t panel) { block.pack(panel); });
      // A chunk is worth a thread from some 100,000 multiplications on.
      const Pieces chunks((p.m + kGemmRows - 1) / kGemmRows, 131072 / (kGemmRows * nc * (kc + 1)) + 1, 64);
      parallel_for(hooks, chunks.count, [&](int64_t chunk) {
        for (int64_t s = chunks.begin(chunk); s < chunks.end(chunk); ++s) block.multiply_strip(s);
      });
    }
  }
}

#define ETC_GEMM(Acc)                                                   \
  template uint64_t gemm_scratch<Acc>(int64_t, int64_t, int64_t, bool); \
  template void gemm<Acc>(const Product<Acc>&, std::byte*, const Hooks*);
ETC_GEMM(float)
ETC_GEMM(double)
ETC_GEMM(uint32_t)
ETC_GEMM(uint64_t)
#undef ETC_GEMM

}  // namespace etc
