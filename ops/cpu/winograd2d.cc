// etc::winograd_conv2d – like etc::packed_conv2d with a 3 x 3 kernel and strides of 1, by Winograd's F(m x m, 3 x 3); the weight says m.
// For m = 2 there are 16 products instead of 36 for four pixels, 16/9 of the weights, and errors no larger than those of the direct sum;
// for m = 4 36 instead of 144 for 16 pixels, four times the weights, and errors twice as large.
//
// A block of tiles at a time: their pixels transformed, then for some columns after the other the products and the way back.
//
//   scratch of a slot:  zeros [channels] | transformed pixels [points][tiles][channels + pad] | products [points][tiles][kColumns + pad]
#include <cstring>

#include "ops/cpu/image.h"
#include "ops/cpu/product.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kX = 0, kWeight = 1, kBias = 2, kResidual = 3, kChannels = 4, kPadding = 5, kActivation = 6, kResult = 7;
constexpr int64_t kColumns = 64, kMostTiles = 48, kMostSlots = 8, kMostPoints = winograd_points(4);
constexpr int64_t kNear = 1 << 18;  // floats of transformed pixels that stay in the second cache
constexpr int64_t kPad = 16;        // keeps rows apart that would share a place in the cache

Error infer(InferContext& ctx) noexcept {
  const Meta x = ctx.meta(kX), weight = ctx.meta(kWeight);
  Activation activation;
  const Ints padding = ctx.ints(kPadding);
  if (x.dtype != DType::F32 || weight.dtype != DType::F32 || !find_activation(ctx.string(kActivation), &activation) || padding.size != 2)
    return Error::BadArgument;
  if (x.rank != 4 || weight.rank != 4 || (weight.sizes[0] != winograd_points(2) && weight.sizes[0] != kMostPoints)) return Error::BadShape;
  Meta panels;
  panels.rank = 3;
  for (uint32_t d = 0; d < 3; ++d) panels.sizes[d] = weight.sizes[d + 1];
  const int64_t channels = ctx.integer(kChannels);
  ETC_TRY(check_panels(panels, channels, x.sizes[3]));
  ETC_TRY(check_vector(ctx, kBias, channels));
  Meta y = x;
  for (uint32_t d = 0; d < 2; ++d) {
    if (padding[d] < 0 || padding[d] > 2) return Error::BadArgument;
    if (x.sizes[1 + d] > (int64_t{1} << 31) || x.sizes[1 + d] + 2 * padding[d] < 3) return Error::BadShape;
    y.sizes[1 + d] = x.sizes[1 + d] + 2 * padding[d] - 2;
  }
  y.sizes[3] = channels;
  if (ctx.has(kResidual)) ETC_TRY(check_residual(ctx.meta(kResidual), y));
  return ctx.set_result(0, y);
}

struct Shape {
  int64_t m, points;
  int64_t channels, across, down;  // tiles of an image
  int64_t tiles;                   // of a block
  int64_t blocks, slots;
  int64_t row, product_row;  // floats
  int64_t slot_floats;

  // False when it cannot be counted.
  static bool of(OpContext ctx, Shape* s) {
    const Tensor &x = ctx.tensor(kX), &y = ctx.tensor(kResult);
    s->channels = x.sizes[3];
    s->points = ctx.tensor(kWeight).sizes[0];
    s->m = s->points == kMostPoints ? 4 : 2;
    s->down = (y.sizes[1] - 1) / s->m + 1, s->across = (y.sizes[2] - 1) / s->m + 1;
    int64_t all = 0;
    if (!checked_multiply(s->down, s->across, &all) || !checked_multiply(all, y.sizes[0], &all)) return false;
    if (!checked_add(s->channels, kPad, &s->row)) return false;
    s->tiles = kNear / s->points / s->row / 6 * 6;
    if (s->tiles < 6) s->tiles = 6;
    if (s->tiles > kMostTiles) s->tiles = kMostTiles;
    if (s->tiles > all) s->tiles = all;
    s->blocks = all == 0 ? 0 : (all - 1) / s->tiles + 1;
    // An even number of blocks of about as many tiles, so that no thread waits long for the last.
    if (s->blocks > 1) {
      s->tiles = (all - 1) / (s->blocks + s->blocks % 2) + 1;
      s->blocks = (all - 1) / s->tiles + 1;
    }
    s->slots = s->blocks < kMostSlots ? s->blocks : kMostSlots;
    s->product_row = kColumns + kPad;
    return checked_multiply(s->points * s->tiles, s->row + s->product_row, &s->slot_floats) &&
           checked_add(s->slot_floats, s->row, &s->slot_floats);
  }
};

struct Convolution {
  OpContext ctx;
  Shape s;
  Tensor x, y;

  void run_block(int64_t first, int64_t tiles, float* memory) const {
    const Kernels& kernels = cpu::kernels();
    float *const zeros = memory, *const pixels = zeros + s.row, *const products = pixels + s.points * s.tiles * s.row;
    std::memset(zeros, 0, static_cast<size_t>(s.channels) * sizeof(float));
    for (int64_t t = 0; t < tiles; ++t) transform(kernels, first + t, zeros, pixels + t * s.row);

    const int64_t columns = y.sizes[3], panel = s.channels * kPanel, point = panels_of(columns) * panel;
    Tiles rows;
    RowBlock b;
    b.length = s.channels, b.panel = panel;
    for (int64_t column = 0; column < columns; column += kColumns) {
      b.columns = columns - column < kColumns ? columns - column : kColumns;
      for (int64_t p = 0; p < s.points; ++p) {
        rows.put(&b, tiles, tile_rows_for(kernels, s.channels, b.columns), pixels + p * s.tiles * s.row, s.row, s.product_row);
        const float* weight = ctx.tensor(kWeight).as<float>() + p * point + column / kPanel * panel;
        b.weight = weight;
        b.next = p + 1 < s.points ? weight + point : nullptr;
        b.result = products + p * s.tiles * s.product_row;
        kernels.multiply(b);
      }
      for (int64_t t = 0; t < tiles; ++t) finish(kernels, first + t, column, b.columns, products + t * s.product_row);
    }
  }

 private:
  struct Place {
    int64_t image, line, pixel;  // of the result
  };
  const Winograd& of(const Kernels& kernels) const { return s.m == 4 ? kernels.winograd_4 : kernels.winograd_2; }
  Place place(int64_t tile) const { return {tile / s.across / s.down, tile / s.across % s.down * s.m, tile % s.across * s.m}; }

  void transform(const Kernels& kernels, int64_t tile, const float* zeros, float* to) const {
    const Place p = place(tile);
    const Ints padding = ctx.ints(kPadding);
    const float* pixels[kMostPoints];
    const float** pixel = pixels;
    for (int64_t iy = p.line - padding[0]; iy < p.line - padding[0] + s.m + 2; ++iy)
      for (int64_t ix = p.pixel - padding[1]; ix < p.pixel - padding[1] + s.m + 2; ++ix) {
        const bool inside = iy >= 0 && iy < x.sizes[1] && ix >= 0 && ix < x.sizes[2];
        *pixel++ = inside ? x.as<float>() + p.image * x.strides[0] + iy * x.strides[1] + ix * x.strides[2] : zeros;
      }
    of(kernels).input(pixels, s.channels, to, s.tiles * s.row);
  }

  void finish(const Kernels& kernels, int64_t tile, int64_t column, int64_t columns, const float* products) const {
    const Place p = place(tile);
    const auto at = [&](const Tensor& t) {
      return t.as<float>() + p.image * t.strides[0] + p.line * t.strides[1] + p.pixel * t.strides[2] + column;
    };
    WinogradOutput o;
    o.products = products, o.point = s.tiles * s.product_row, o.columns = columns;
    o.result = at(y), o.line = y.strides[1], o.pixel = y.strides[2];
    o.lines = y.sizes[1] - p.line < s.m ? y.sizes[1] - p.line : s.m;
    o.pixels = y.sizes[2] - p.pixel < s.m ? y.sizes[2] - p.pixel : s.m;
    if (ctx.has(kBias)) o.bias = ctx.tensor(kBias).as<float>() + column;
    if (ctx.has(kResidual)) {
      const Tensor& r = ctx.tensor(kResidual);
      o.residual = at(r), o.residual_line = r.strides[1], o.residual_pixel = r.strides[2];
    }
    find_activation(ctx.string(kActivation), &o.activation);
    of(kernels).output(o);
  }
};

Error run(OpContext ctx) noexcept {
  Convolution c{ctx, {}, ctx.tensor(kX), ctx.tensor(kResult)};
  Shape::of(ctx, &c.s);
  const Shape& s = c.s;
  const int64_t all = c.y.sizes[0] * s.down * s.across;
  float* const memory = reinterpret_cast<float*>(ctx.scratch());
  parallel_slots(ctx.frame->hooks, s.slots, s.blocks, [&](int64_t slot, int64_t block) {
    const int64_t first = block * s.tiles;
    c.run_block(first, all - first < s.tiles ? all - first : s.tiles, memory + slot * s.slot_floats);
  });
  return Error::Ok;
}

uint64_t scratch_bytes(OpContext ctx) noexcept {
  Shape s;
  int64_t bytes = 0;
  if (!Shape::of(ctx, &s) || !checked_multiply(s.slot_floats, s.slots * 4, &bytes)) return UINT64_MAX;
  return static_cast<uint64_t>(bytes);
}

Kernel select(OpContext ctx) noexcept {
  for (const uint32_t i : {kX, kResidual, kResult})
    if (ctx.has(i) && !has_dense_pixels(ctx.tensor(i))) return nullptr;
  return are_contiguous(ctx, kWeight, 2) ? run : nullptr;  // and the bias
}

}  // namespace

ETC_OP(
    winograd_conv2d,
    "etc::winograd_conv2d(Tensor x, Tensor weight, Tensor? bias, Tensor? residual, SymInt channels, SymInt[] padding, str activation) -> "
    "Tensor",
    infer, select, {Promotion::None, 1 << kResidual, 0, nullptr, scratch_bytes});
}  // namespace etc
