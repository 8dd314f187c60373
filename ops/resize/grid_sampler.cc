// aten::grid_sampler_2d – the input read at the places that a grid in [-1, 1] names. interpolation_mode 0 bilinear, 1 nearest, 2 bicubic;
// padding_mode 0 zeros, 1 border, 2 reflection.
#include "ops/resize/cubic.h"
#include "ops/resize/scale.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  const Meta grid = ctx.meta(1);
  if (grid.dtype != m.dtype) return Error::BadArgument;
  if (m.rank != 4 || grid.rank != 4 || grid.sizes[0] != m.sizes[0] || grid.sizes[3] != 2 || m.sizes[2] < 1 || m.sizes[3] < 1)
    return Error::BadShape;
  if (ctx.integer(2) < 0 || ctx.integer(2) > 2 || ctx.integer(3) < 0 || ctx.integer(3) > 2) return Error::BadArgument;
  m.sizes[2] = grid.sizes[1];
  m.sizes[3] = grid.sizes[2];
  return ctx.set_result(0, m);
}

// Mirrors x into [low, high] (twice those values are given, so that half pixels stay whole).
template <class C>
C reflect(C x, int64_t twice_low, int64_t twice_high) {
  if (twice_low == twice_high) return C{0};
  const C low = static_cast<C>(twice_low) / 2, span = static_cast<C>(twice_high - twice_low) / 2;
  C d = x - low;
  if (d < 0) d = -d;
  const C flips = math::floor(d / span), extra = d - flips * span;
  const C half = flips / 2;
  return half == math::floor(half) ? extra + low : span - extra + low;
}

template <class C>
C clamp_place(C x, int64_t size) {
  const C most = static_cast<C>(size - 1);
  return x > 0 ? (x < most ? x : most) : C{0};  // NaN becomes 0
}

template <class C>
C unnormalise(C x, int64_t size, bool corners) {
  return corners ? (x + 1) / 2 * static_cast<C>(size - 1) : ((x + 1) * static_cast<C>(size) - 1) / 2;
}

template <class C>
C pad_place(C x, int64_t size, int64_t padding, bool corners) {
  if (padding == 2) {
    x = corners ? reflect(x, 0, 2 * (size - 1)) : reflect(x, -1, 2 * size - 1);
    return clamp_place(x, size);
  }
  return padding == 1 ? clamp_place(x, size) : x;
}

// An element index from a place: far outside (or NaN) becomes -1, which is outside as well.
template <class C>
int64_t index_of(C floor, int64_t size) {
  return floor >= C{-4} && floor <= static_cast<C>(size) + 4 ? static_cast<int64_t>(floor) : int64_t{-100};
}

template <class T>
struct Sample {
  using C = ComputeType<T>;
  struct Plane {
    const T* data;
    int64_t height, width;
    C at(int64_t y, int64_t x) const { return y >= 0 && y < height && x >= 0 && x < width ? load(data + y * width + x) : C{0}; }
  };
  static C bilinear(const Plane& p, C y, C x) {
    const C fy = math::floor(y), fx = math::floor(x), ty = y - fy, tx = x - fx;
    const int64_t iy = index_of(fy, p.height), ix = index_of(fx, p.width);
    return p.at(iy, ix) * ((1 - ty) * (1 - tx)) + p.at(iy, ix + 1) * ((1 - ty) * tx) + p.at(iy + 1, ix) * (ty * (1 - tx)) +
           p.at(iy + 1, ix + 1) * (ty * tx);
  }
  static C nearest(const Plane& p, C y, C x) {
    return p.at(index_of(math::round_half_even(y), p.height), index_of(math::round_half_even(x), p.width));
  }
  static C bicubic(const Plane& p, C y, C x, int64_t padding, bool corners) {
    const C fy = math::floor(y), fx = math::floor(x);
    C wy[4], wx[4], sum{};
    cubic_weights(y - fy, wy);
    cubic_weights(x - fx, wx);
    for (int i = 0; i < 4; ++i) {
      const C py = pad_place(fy + static_cast<C>(i - 1), p.height, padding, corners);
      C along{};
      for (int j = 0; j < 4; ++j) {
        const C px = pad_place(fx + static_cast<C>(j - 1), p.width, padding, corners);
        along += wx[j] * p.at(index_of(py, p.height), index_of(px, p.width));
      }
      sum += wy[i] * along;
    }
    return sum;
  }
  static Error run(OpContext ctx) noexcept {
    const Tensor &input = ctx.tensor(0), &grid = ctx.tensor(1), &result = ctx.tensor(5);
    const int64_t mode = ctx.integer(2), padding = ctx.integer(3);
    const bool corners = ctx.boolean(4);
    const int64_t channels = input.sizes[1], height = input.sizes[2], width = input.sizes[3];
    const int64_t places = result.sizes[2] * result.sizes[3];
    for (int64_t b = 0; b < input.sizes[0]; ++b)
      for (int64_t i = 0; i < places; ++i) {
        const T* place = grid.as<T>() + (b * places + i) * 2;
        C x = unnormalise(load(place), width, corners), y = unnormalise(load(place + 1), height, corners);
        if (mode != 2) x = pad_place(x, width, padding, corners), y = pad_place(y, height, padding, corners);
        for (int64_t c = 0; c < channels; ++c) {
          const Plane p{input.as<T>() + (b * channels + c) * height * width, height, width};
          store(result.as<T>() + (b * channels + c) * places + i, mode == 0   ? bilinear(p, y, x)
                                                                  : mode == 1 ? nearest(p, y, x)
                                                                              : bicubic(p, y, x, padding, corners));
        }
      }
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 6) ? kernel_for<Sample>(ctx.tensor(0).dtype, FloatTypes{}) : nullptr;
}

}  // namespace

ETC_OP(grid_sampler_2d,
       "aten::grid_sampler_2d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor", infer,
       select);
}  // namespace etc
