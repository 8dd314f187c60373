// The inner kernels, once for each kind of CPU; select() of the ops asks for those of this one. Everything around them – geometry,
// threads – is ordinary code that is compiled once.
#pragma once

#include <type_traits>
#include <utility>

#include "etc/op.h"
#include "ops/cpu/activation.h"
#include "ops/cpu/packed.h"
#include "ops/cpu/pointwise.h"
#include "ops/number.h"

namespace etc::cpu {

// What becomes of the sums of one tile row: activation(sum + bias + residual). Null: none.
struct Epilogue {
  const float* bias = nullptr;      // of the product's first column
  const float* residual = nullptr;  // of the block's first row and the product's first column
  int64_t residual_row = 0;         // floats
  Activation activation = Activation::None;
};

constexpr int64_t kMostRows = 14;    // of a tile
constexpr int64_t kBlockTiles = 32;  // of a block
constexpr int64_t kBlockRows = kMostRows * kBlockTiles;

// Up to kBlockTiles tiles of rows times some panels of packed weights. A row is `runs` pieces of `length` consecutive floats, wherever
// they lie: one for a matrix, one for each tap of a convolution.
struct RowBlock {
  int64_t tiles = 0;
  int64_t rows[kBlockTiles] = {};    // of each tile, 1 .. kMostRows
  const float* const* at = nullptr;  // [tile][run][kMostRows]: where the piece of each row begins
  int64_t runs = 0, length = 0;
  const void* weight = nullptr;     // packed: [panel][runs * length][kPanel]
  DType weight_dtype = DType::F32;  // or BF16, F16: widened to f32 as they are read
  int64_t panel = 0;                // elements from one panel to the next,
  int64_t step = kPanel;            // and in a panel from one input to the next
  int64_t columns = 0;              // of the product, from the first panel of `weight`
  bool is_near = false;             // the weights are in the second cache: they need not be asked for long before they are read
  const void* next = nullptr;       // as many weights that the next block takes, if they may lie far; null: none
  float* result = nullptr;          // of the first panel's columns;
  int64_t place[kBlockTiles] = {};  // floats from there to each tile's first row,
  int64_t result_row = 0;           // and in a tile from row to row
  Epilogue epilogue;
};

// Neighbouring pixels of a convolution's result over an image whose few channels are planes of their own. The window of each lies `step`
// floats behind the one before; of all of them, Kernels::tall_rows, also those that are not asked for.
struct PlaneTile {
  struct Input {
    int64_t x, weight;  // floats from `x` and from `weight` to a number of the first window and to what it is multiplied by
  };
  const float* x = nullptr;
  int64_t step = 0;
  const Input* inputs = nullptr;
  int64_t count = 0;
  const float* weight = nullptr;  // packed
  int64_t panel = 0;              // floats from one panel to the next
  int64_t rows = 0, columns = 0;  // of the result that are asked for
  float* result = nullptr;
  int64_t result_row = 0;
  Epilogue epilogue;  // no residual
};

// One output line of a depthwise convolution, or two at a time, for channels [0, channels) of one image, all pixels `pixel` floats apart.
struct DepthwiseLines {
  int64_t lines = 1;  // 1, or 2 whose windows begin one row apart
  int64_t channels = 0;
  int64_t kernel[2] = {}, stride = 1, padding = 0, dilation = 1;  // stride, padding, dilation: along the row
  const float* const* rows = nullptr;                             // the input row of each kernel row, and the next; null: outside
  int64_t width = 0, pixel = 0;                                   // of the input
  const float* weight = nullptr;                                  // [panel][kernel 0 * kernel 1][kPanel]
  const float* bias = nullptr;
  float* result = nullptr;
  int64_t result_width = 0, result_pixel = 0, result_line = 0;
  Activation activation = Activation::None;
};

// A tile of Winograd's F(m x m, 3 x 3): the way back from its points' products.
struct WinogradOutput {
  const float* products = nullptr;  // [points][...]: of one tile, its columns one behind the other
  int64_t point = 0;                // floats from one of the points to the next
  int64_t columns = 0;
  float* result = nullptr;        // of the tile's first pixel
  int64_t line = 0, pixel = 0;    // floats
  int64_t lines = 0, pixels = 0;  // 1 .. m: how much of the tile lies within the image
  const float* bias = nullptr;
  const float* residual = nullptr;  // of the tile's first pixel
  int64_t residual_line = 0, residual_pixel = 0;
  Activation activation = Activation::None;
};
struct Winograd {
  // What the (m + 2)^2 pixels of a tile, `channels` floats each, become: result[i * point + channel].
  void (*input)(const float* const* pixels, int64_t channels, float* result, int64_t point) noexcept;
  void (*output)(const WinogradOutput& tile) noexcept;
};

// What a pooling window covers of an image, pixels of `channels` floats, and the pixel that comes of it.
struct PoolWindow {
  const float* x = nullptr;
  int64_t lines = 0, pixels = 0;          // at least one
  int64_t line_step = 0, pixel_step = 0;  // floats
  int64_t channels = 0;
  float divisor = 1;  // of a sum
  float* result = nullptr;
};

struct NormRows {
  int64_t rows = 0, size = 0;  // `size` floats each
  const float* x = nullptr;
  float* y = nullptr;
  int64_t x_row = 0, y_row = 0;  // floats from row to row
  const float* weight = nullptr;
  const float* bias = nullptr;  // null: none
  float eps = 0;
};

struct Kernels {
  // Rows of a tile, at most kMostRows: as this CPU likes them best, and where the weights of a tile's columns do not stay in the first
  // cache or there are few columns. Tall tiles read weights less often.
  int64_t tile_rows, tall_rows;
  void (*multiply)(const RowBlock& block) noexcept;
  void (*multiply_planes)(const PlaneTile& tile) noexcept;
  void (*depthwise)(const DepthwiseLines& lines) noexcept;
  void (*largest)(const PoolWindow& window) noexcept;  // NaN where there is one
  void (*average)(const PoolWindow& window) noexcept;
  Winograd winograd_2, winograd_4;
  // x = e^(scale * x + mask - largest), and the sum of them; zeros when all are minus infinity. NaN
  // spreads. mask may be null.
  float (*exponentials)(float* x, int64_t n, float scale, const float* mask) noexcept;
  // result[i] = x · rows[i], of `size` floats each, the rows `row` floats apart.
  void (*dots)(const float* x, const float* rows, int64_t row, int64_t n, int64_t size, float* result) noexcept;
  // The panels of weights, [panels of rows][size][kPanel], that rows `step` floats apart are; the last is filled with the last row.
  void (*pack_rows)(const float* first, int64_t step, int64_t rows, int64_t size, float* packed) noexcept;
  // y = (x - mean) / sqrt(variance + eps) * weight + bias of each row, and without the mean.
  void (*layer_norm)(const NormRows& rows) noexcept;
  void (*rms_norm)(const NormRows& rows) noexcept;
  // One step of an LSTM for `units` units, from finished gates: [panel of units][input, forget, candidate, output][kPanel].
  void (*lstm)(int64_t units, const float* gates, float* cell, float* hidden) noexcept;
  // Programs of pointwise.h over blocks of pointwise_block floats; and over one of pointwise_vector floats.
  int64_t pointwise_block, pointwise_vector;
  void (*pointwise)(PointwiseBlocks& blocks) noexcept;
  void (*pointwise_one)(PointwiseBlocks& blocks) noexcept;
};

// For rows of `depth` numbers times this many columns. Tall tiles also widen weights less often.
inline int64_t tile_rows_for(const Kernels& k, int64_t depth, int64_t columns, DType weight = DType::F32) {
  constexpr int64_t kTallDepth = 300, kFewColumns = 2 * kPanel;
  return depth > kTallDepth || columns <= kFewColumns || weight != DType::F32 ? k.tall_rows : k.tile_rows;
}

extern const Kernels kBaselineKernels, kAvx2Kernels, kAvx512Kernels;

#if defined(__x86_64__)
inline bool has_avx2_kernels() {
#if !defined(__clang__)  // which has no name for F16C; CPUs have it since before AVX2
  if (!__builtin_cpu_supports("f16c")) return false;
#endif
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

// Those of the CPU that this runs on.
inline const Kernels& kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return kAvx512Kernels;
  if (has_avx2_kernels()) return kAvx2Kernels;
#endif
  return kBaselineKernels;
}

}  // namespace etc::cpu
