// Rows times packed weights, in blocks and on several threads: what the packed ops share.
#pragma once

#include <initializer_list>

#include "ops/cpu/kernels.h"
#include "ops/dispatch.h"
#include "ops/parallel.h"
#include "ops/strided.h"

namespace etc::cpu {

// Pieces of a row that one block can point to: more would not fit on the stack.
constexpr int64_t kMostRuns = 64;
// The most pieces that a window of dense pixels consists of: a line is one where it cannot reach over the edge, else each pixel.
constexpr int64_t pieces_of_window(int64_t lines, int64_t pixels, int64_t padding, int64_t dilation) {
  return padding == 0 && dilation == 1 ? lines : lines * pixels;
}
// Floats of a row that locate may copy.
constexpr int64_t kMostCopied = 288;

// How many threads are worth waiting for: one more from some 320,000 products for each of them on, below which waiting for each other and
// fetching what the other has written takes as long. Reading a weight takes as long as 8 products.
inline int64_t threads_for(const Hooks* hooks, int64_t rows, int64_t depth, int64_t columns) {
  constexpr int64_t kWork = 320000, kWeight = 8;
  const int64_t workers = workers_of(hooks), most = (rows + kWeight) * columns / (kWork / (depth + 1) + 1);
  return workers < most ? workers : most < 1 ? 1 : most;
}

// x [rows, runs * length] times weight, as a RowBlock without rows.
struct Product {
  int64_t rows = 0;
  RowBlock block;  // weight, columns, result, strides and epilogue of the whole product
  // Where results do not lie `block.result_row` apart from first to last: rows of a line, and lines of an image, that do, and floats from
  // line to line and from image to image. No residual then.
  int64_t line = 0, lines = 1, result_line = 0, result_image = 0;

  // Calls locate(first row, rows, at, copies) for each tile, to fill at[run * kMostRows + row]. What it must copy, up to `copied` floats a
  // row, it puts at *copies, which it moves on. How the work is split depends on the number of threads, but any split gives the same bits:
  // a sum runs over its row from front to back.
  template <class Locate>
  void run(const Hooks* hooks, int64_t copied, const Locate& locate) const {
    if (rows <= 0 || block.columns <= 0) return;
    const Kernels& kernels = cpu::kernels();
    const int64_t depth = block.runs * block.length + 1, tile_rows = tile_rows_for(kernels, depth, block.columns, block.weight_dtype);
    const Tiling tiles(*this, tile_rows);
    const int64_t most_tiles = most_tiles_of(copied, tile_rows);
    // Chunks, some for each thread, more where there is much to do: of rows where they are more bytes than the weights, else of columns,
    // and of the others too where there are not enough.
    constexpr int64_t kChunks = 4, kChunkWork = 1 << 26, kColumns = 64;
    const int64_t groups = (block.columns + kColumns - 1) / kColumns, threads = threads_for(hooks, rows, depth, block.columns);
    const int64_t of_each = larger(kChunks, rows * block.columns / (kChunkWork / depth + 1) / threads + 1);
    const int64_t wanted = threads < 2 ? 1 : threads * of_each;
    const bool rows_first = rows * (depth + block.columns) >= depth * block.columns;
    const Pieces row_chunks(tiles.count(), 1, rows_first ? wanted : (wanted - 1) / smaller(groups, wanted) + 1);
    const Pieces columns(groups, 1, (wanted - 1) / row_chunks.count + 1);
    parallel_for(hooks, row_chunks.count * columns.count, [&](int64_t chunk) {
      const int64_t r = chunk / columns.count, c = chunk % columns.count;
      const int64_t first = columns.begin(c) * kColumns, end = smaller(columns.end(c) * kColumns, block.columns);
      const Pieces blocks(row_chunks.end(r) - row_chunks.begin(r), 1, (row_chunks.end(r) - row_chunks.begin(r) - 1) / most_tiles + 1);
      for (int64_t b = 0; b < blocks.count; ++b)
        run_block(kernels, tiles, row_chunks.begin(r) + blocks.begin(b), row_chunks.begin(r) + blocks.end(b), first, end, locate);
    });
  }

 private:
  // Of a block: as the pointers and copies have room, and so that the rows stay near while all panels pass.
  int64_t most_tiles_of(int64_t copied, int64_t tile_rows) const {
    const int64_t pointers = kPointers / larger(block.runs, 1) / kMostRows, copies = kCopies / larger(copied, 1) / tile_rows;
    const int64_t near = kNear / (block.runs * block.length + 1) / tile_rows;
    return larger(smaller(smaller(kBlockTiles, pointers), smaller(copies, larger(near, 4))), 1);
  }

  static constexpr int64_t kPointers = 2048, kCopies = 4096;  // of one block, on the stack
  static constexpr int64_t kNear = 1 << 16;                   // floats of rows that stay near, beside the weights of many columns
  static_assert(kPointers >= kMostRows * kMostRuns, "one tile at least");
  static_assert(kCopies >= kMostRows * kMostCopied, "one tile at least");

  static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
  static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

  // Tiles of about as many rows each; none is of two lines.
  struct Tiling {
    int64_t line;   // rows
    Pieces pieces;  // of a line
    int64_t lines;  // of all images
    Tiling(const Product& p, int64_t tile_rows)
        : line(p.line ? p.line : p.rows), pieces(line, 1, (line + tile_rows - 1) / tile_rows), lines(p.rows / line) {}
    int64_t count() const { return lines * pieces.count; }
  };

  template <class Locate>
  void run_block(const Kernels& kernels, const Tiling& tiles, int64_t first, int64_t last, int64_t column, int64_t end_column,
                 const Locate& locate) const {
    const float* at[kPointers];
    float copied[kCopies];
    float* copies = copied;
    RowBlock b = block;
    b.tiles = last - first;
    b.at = at;
    int64_t l = first / tiles.pieces.count, piece = first % tiles.pieces.count;
    const int64_t first_row = l * tiles.line + tiles.pieces.begin(piece);
    for (int64_t t = 0; t < b.tiles; ++t) {
      const int64_t begin = tiles.pieces.begin(piece);
      b.rows[t] = tiles.pieces.end(piece) - begin;
      b.place[t] = (lines == 1 ? l * result_image : l / lines * result_image + l % lines * result_line) + begin * block.result_row;
      locate(l * tiles.line + begin, b.rows[t], at + t * block.runs * kMostRows, &copies);
      if (++piece == tiles.pieces.count) piece = 0, ++l;
    }
    b.panel = block.runs * block.length * kPanel;
    b.weight = static_cast<const std::byte*>(b.weight) + column / kPanel * b.panel * static_cast<int64_t>(size_in_bytes(b.weight_dtype));
    b.columns = end_column - column;
    b.result += column;
    if (b.epilogue.bias) b.epilogue.bias += column;
    if (b.epilogue.residual) b.epilogue.residual += first_row * block.epilogue.residual_row + column;
    kernels.multiply(b);
  }
};

// Tiles of rows that lie `step` floats apart, results `result_row`, for a RowBlock of one run.
struct Tiles {
  const float* at[kBlockTiles * kMostRows];
  void put(RowBlock* b, int64_t rows, int64_t tile_rows, const float* first, int64_t step, int64_t result_row) {
    const Pieces tiles(rows, 1, (rows + tile_rows - 1) / tile_rows);
    b->tiles = tiles.count;
    b->at = at;
    b->runs = 1;
    b->result_row = result_row;
    for (int64_t t = 0; t < tiles.count; ++t) {
      b->rows[t] = tiles.end(t) - tiles.begin(t);
      b->place[t] = tiles.begin(t) * result_row;
      for (int64_t r = 0; r < b->rows[t]; ++r) at[t * kMostRows + r] = first + (tiles.begin(t) + r) * step;
    }
  }
};

// --- what infer and select ask of operands ---

// Of weights that are kept in 16 bits, and widened where kernels read them.
inline bool is_narrow(DType t) { return t == DType::BF16 || t == DType::F16; }
// Whether `weight` is what pack_panels makes of [n, k]; narrow ones only where `takes_narrow`.
inline Error check_panels(const Meta& weight, int64_t n, int64_t k, bool takes_narrow = false) {
  const bool takes = weight.dtype == DType::F32 || (takes_narrow && is_narrow(weight.dtype));
  if (!takes || n < 1) return Error::BadArgument;
  const bool fits = weight.rank == 3 && weight.sizes[0] == panels_of(n) && weight.sizes[1] == k && weight.sizes[2] == kPanel;
  return fits ? Error::Ok : Error::BadShape;
}
// Whether argument i is None or f32[n].
inline Error check_vector(InferContext& ctx, uint32_t i, int64_t n) {
  if (!ctx.has(i)) return Error::Ok;
  const Meta m = ctx.meta(i);
  if (m.dtype != DType::F32) return Error::BadArgument;
  return m.rank == 1 && m.sizes[0] == n ? Error::Ok : Error::BadShape;
}
inline Error check_residual(const Meta& residual, const Meta& result) {
  if (residual.dtype != DType::F32) return Error::BadArgument;
  if (residual.rank != result.rank) return Error::BadShape;
  for (uint32_t d = 0; d < result.rank; ++d)
    if (residual.sizes[d] != result.sizes[d]) return Error::BadShape;
  return Error::Ok;
}

// The last dimension dense, those before it with one stride.
inline bool has_rows(const Tensor& t) {
  const uint32_t last = t.rank - 1u;
  return are_joined(t, 0, last) && (t.sizes[last] <= 1 || t.strides[last] == 1);
}
inline const float* vector_or_null(OpContext ctx, uint32_t i) { return ctx.has(i) ? ctx.tensor(i).as<float>() : nullptr; }

// The block's weight, the bias, which is the next argument, and the activation.
inline void use_weight(OpContext ctx, uint32_t weight, uint32_t activation, RowBlock* b) {
  b->weight = ctx.tensor(weight).data, b->weight_dtype = ctx.tensor(weight).dtype;
  b->epilogue.bias = vector_or_null(ctx, weight + 1);
  find_activation(ctx.string(activation), &b->epilogue.activation);
}
// A residual whose rows are its first dimensions, all but the last, together.
inline void use_residual(const Tensor& residual, Epilogue* epilogue) {
  epilogue->residual = residual.as<float>();
  epilogue->residual_row = stride_of_joined(residual, 0, residual.rank - 1u);
}

}  // namespace etc::cpu
