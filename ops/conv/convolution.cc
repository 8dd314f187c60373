// aten::convolution – in one, two or three dimensions, with groups, strides, dilation, and its transpose. Operands at any strides.
//
// Channels of their own are convolved directly; everything else is a matrix product over gathered windows (windows.h). The transpose
// is taken apart by phases: output positions o = r + stride * q of one remainder r see only every stride-th window position, and for
// them it is a plain convolution of stride 1. So no product with the zeros between the inputs is ever made.
#include "ops/conv/depthwise.h"
#include "ops/conv/windows.h"
#include "ops/parallel.h"
#include "ops/strided.h"

namespace etc {
namespace {

using namespace conv;

using ConvTypes = Types<float, double, Half, BFloat16, int64_t>;

// Refuses what the kernels could not walk without overflow or division by zero.
Error infer(InferContext& ctx) noexcept {
  const Meta x = ctx.meta(kInput), w = ctx.meta(kWeight);
  if (x.rank < 3 || x.rank > 5 || w.rank != x.rank) return Error::BadShape;
  if (w.dtype != x.dtype) return Error::BadArgument;
  const uint32_t dims = x.rank - 2u;
  const Ints stride = ctx.ints(kStride), padding = ctx.ints(kPadding), dilation = ctx.ints(kDilation), extra = ctx.ints(kOutputPadding);
  const Ints lists[] = {stride, padding, dilation, extra};
  for (const Ints& list : lists)
    if (list.size != dims && list.size != 1) return Error::BadArgument;
  const auto at = [](Ints list, uint32_t d) { return list[list.size == 1 ? 0 : d]; };
  const bool transposed = ctx.boolean(kTransposed);
  const int64_t groups = ctx.integer(kGroups);
  if (groups < 1) return Error::BadArgument;

  Meta y = x;
  if (transposed) {
    if (w.sizes[0] != x.sizes[1] || w.sizes[0] % groups != 0) return Error::BadShape;
    if (!checked_multiply(w.sizes[1], groups, &y.sizes[1])) return Error::BadShape;
  } else {
    int64_t channels = 0;
    if (!checked_multiply(w.sizes[1], groups, &channels) || channels != x.sizes[1] || w.sizes[0] % groups != 0) return Error::BadShape;
    y.sizes[1] = w.sizes[0];
  }
  if (ctx.has(kBias)) {
    const Meta bias = ctx.meta(kBias);
    if (bias.dtype != x.dtype) return Error::BadArgument;
    if (bias.rank != 1 || bias.sizes[0] != y.sizes[1]) return Error::BadShape;
  }

  int64_t depth = w.sizes[1], positions = 1;  // must fit: they are the sides of the product
  for (uint32_t d = 0; d < dims; ++d) {
    const int64_t in = x.sizes[2 + d], window = w.sizes[2 + d], s = at(stride, d), p = at(padding, d), step = at(dilation, d);
    if (s < 1 || p < 0 || step < 1 || window < 1) return Error::BadArgument;
    int64_t span = 0, margin = 0, reach = 0;
    if (!checked_multiply(step, window - 1, &span) || !checked_multiply(p, 2, &margin)) return Error::BadShape;
    if (transposed) {
      const int64_t more = at(extra, d);
      if (in < 1 || more < 0 || (more >= s && more >= step)) return Error::BadArgument;
      if (!checked_multiply(in - 1, s, &reach) || !checked_add(reach, span, &reach) || !checked_add(reach, more + 1, &reach))
        return Error::BadShape;
      if (reach <= margin) return Error::BadShape;
      y.sizes[2 + d] = reach - margin;
    } else {
      if (!checked_add(in, margin, &reach) || !checked_add(reach, s, &positions) || reach <= span) return Error::BadShape;
      y.sizes[2 + d] = (reach - span - 1) / s + 1;
    }
    if (!checked_multiply(depth, window, &depth)) return Error::BadShape;
  }
  positions = 1;
  for (uint32_t d = 0; d < dims; ++d)
    if (!checked_multiply(positions, y.sizes[2 + d], &positions)) return Error::BadShape;
  if (!checked_multiply(depth, transposed ? w.sizes[0] / groups : 1, &depth)) return Error::BadShape;
  return ctx.set_result(0, y);
}

// Finished tiles of a phase, whose positions lie apart from each other in the result.
template <class T>
struct Scatter {
  using Acc = Accumulator<T>;
  T* y;
  int64_t y_channel, y_stride[3], out[3];
  const T* bias;
  int64_t bias_stride;

  static void store(const void* self, int64_t row, int64_t rows, int64_t column, int64_t columns, const Acc* tile) {
    const Scatter& s = *static_cast<const Scatter*>(self);
    for (int64_t j = 0; j < columns; ++j) {
      const int64_t n = column + j;
      T* y = s.y + row * s.y_channel + n / s.out[2] / s.out[1] * s.y_stride[0] + n / s.out[2] % s.out[1] * s.y_stride[1] +
             n % s.out[2] * s.y_stride[2];
      for (int64_t i = 0; i < rows; ++i) {
        const Acc bias = s.bias ? static_cast<Acc>(load(s.bias + (row + i) * s.bias_stride)) : Acc{};
        y[i * s.y_channel] = static_cast<T>(static_cast<Acc>(tile[i * kGemmColumns<Acc> + j] + bias));
      }
    }
  }
};

// Where one dimension of one phase begins and how it goes on.
struct Phase {
  int64_t out;           // output positions r, r + stride, …
  int64_t first, every;  // window positions first, first + every, …
  int64_t window;        // how many
  int64_t start, step;   // of Windows, with a stride of 1
};
Phase phase_of(const ConvShape& s, int d, int64_t r) {
  const int64_t stride = s.stride[d], dilation = s.dilation[d];
  int64_t gcd = stride, rest = dilation;
  while (rest) {
    const int64_t next = gcd % rest;
    gcd = rest, rest = next;
  }
  Phase p{};
  p.out = (s.out[d] - r - 1) / stride + 1;
  p.every = stride / gcd;
  const int64_t limit = p.every < s.window[d] ? p.every : s.window[d];
  while (p.first < limit && (r + s.padding[d] - p.first * dilation) % stride != 0) ++p.first;
  if (p.first == limit) return p;  // sees no input
  p.window = (s.window[d] - 1 - p.first) / p.every + 1;
  p.start = (r + s.padding[d] - p.first * dilation) / stride;
  p.step = -(dilation / gcd);
  return p;
}

template <class T>
struct Convolution {
  using Acc = Accumulator<T>;

  static bool is_direct(const ConvShape& s) { return !s.transposed && s.channels == 1 && s.filters <= kGemmRows && s.groups > 1; }
  // Results that wait in scratch need a place there: small floats, and phases, whose positions are not a matrix of the result.
  static bool needs_partial(const ConvShape& s) { return !kIsAccumulator<T> || s.transposed || !spatial_is_dense(s); }
  static bool spatial_is_dense(const ConvShape& s) {
    int64_t expected = 1;
    for (int d = 2; d >= 0; --d) {
      if (s.out[d] != 1 && s.y[d] != expected) return false;
      expected *= s.out[d];
    }
    return true;
  }

  // Calls f(r) for each phase; a plain convolution is one.
  template <class F>
  static void for_each_phase(const ConvShape& s, const F& f) {
    const auto end = [&](int d) { return !s.transposed ? 1 : s.stride[d] < s.out[d] ? s.stride[d] : s.out[d]; };
    int64_t r[3];
    for (r[0] = 0; r[0] < end(0); ++r[0])
      for (r[1] = 0; r[1] < end(1); ++r[1])
        for (r[2] = 0; r[2] < end(2); ++r[2]) f(r);
  }

  static Windows<T> windows_of(const ConvShape& s, const int64_t (&r)[3]) {
    Windows<T> v;
    v.x_channel = s.x_channel;
    v.w_filter = s.w_filter, v.w_channel = s.w_channel;
    for (int d = 0; d < 3; ++d) {
      v.in[d] = s.in[d], v.x_stride[d] = s.x[d];
      if (s.transposed) {
        const Phase p = phase_of(s, d, r[d]);
        v.out[d] = p.out, v.window[d] = p.window, v.stride[d] = 1, v.start[d] = p.start, v.step[d] = p.step;
        v.w_stride[d] = p.window > 1 ? s.w[d] * p.every : s.w[d];  // of one, the product may not fit
      } else {
        v.out[d] = s.out[d], v.window[d] = s.window[d], v.stride[d] = s.stride[d], v.start[d] = -s.padding[d], v.step[d] = s.dilation[d];
        v.w_stride[d] = s.w[d];
      }
    }
    return v;
  }
  static int64_t depth_of(const ConvShape& s, const Windows<T>& v) { return s.channels * v.window[0] * v.window[1] * v.window[2]; }
  static int64_t positions_of(const Windows<T>& v) { return v.out[0] * v.out[1] * v.out[2]; }

  static uint64_t scratch_of_one(const ConvShape& s) {
    uint64_t most = 0;
    for_each_phase(s, [&](const int64_t(&r)[3]) {
      const Windows<T> v = windows_of(s, r);
      const uint64_t bytes = gemm_scratch<Acc>(s.filters, positions_of(v), depth_of(s, v), needs_partial(s));
      if (bytes > most) most = bytes;
    });
    return most;
  }
  // Images and groups of little work are done side by side, each with scratch of its own.
  static int64_t slots_of(const ConvShape& s) {
    int64_t work = 0;
    if (!checked_multiply(s.filters, s.positions(), &work) || !checked_multiply(work, s.depth(), &work) || work > (1 << 22)) return 1;
    const int64_t items = s.batch * s.groups;
    return items < 1 ? 1 : items < 8 ? items : 8;
  }
  static uint64_t scratch(OpContext ctx) {
    const ConvShape s = conv_shape(ctx);
    if (is_direct(s) || s.batch == 0 || s.filters == 0) return 0;
    const uint64_t one = scratch_of_one(s);
    int64_t bytes = 0;
    if (one > INT64_MAX || !checked_multiply(static_cast<int64_t>(one), slots_of(s), &bytes)) return UINT64_MAX;
    return static_cast<uint64_t>(bytes);
  }

  // A window of one element without strides or padding over positions that lie one behind the other.
  static bool is_pointwise(const ConvShape& s) {
    int64_t expected = 1;
    for (int d = 2; d >= 0; --d) {
      if (s.window[d] != 1 || s.stride[d] != 1 || s.padding[d] != 0 || (s.in[d] != 1 && s.x[d] != expected)) return false;
      expected *= s.in[d];
    }
    return !s.transposed;
  }
  static bool has_dense_filters(const ConvShape& s) {
    int64_t expected = 1;
    for (int d = 2; d >= 0; --d) {
      if (s.window[d] != 1 && s.w[d] != expected) return false;
      expected *= s.window[d];
    }
    return !s.transposed && (s.channels <= 1 || s.w_channel == expected);
  }

  static void multiply(const ConvShape& s, const T* x, const T* w, const T* bias, int64_t bias_stride, T* y, std::byte* scratch,
                       const Hooks* hooks) {
    for_each_phase(s, [&](const int64_t(&r)[3]) {
      Windows<T> v = windows_of(s, r);
      v.x = x;
      v.w = w;
      if (s.transposed)
        for (int d = 0; d < 3; ++d) v.w += phase_of(s, d, r[d]).first * s.w[d];
      Product<Acc> p;
      p.m = s.filters, p.n = positions_of(v), p.k = depth_of(s, v);
      p.pack_b = is_pointwise(s) ? &pack_pixels<T> : &pack_windows<T>;
      p.b_source = &v;
      if constexpr (kIsAccumulator<T>) {
        p.a = reinterpret_cast<const Acc*>(v.w);
        p.a_row = s.w_filter, p.a_column = 1;
      }
      if (!kIsAccumulator<T> || !has_dense_filters(s)) {
        p.pack_a = &pack_filters<T>;
        p.a_source = &v;
      }
      if (!s.transposed && spatial_is_dense(s)) {
        Finish<T> end;
        end.c = y, end.c_row = s.y_channel, end.c_column = 1;
        end.add = bias, end.add_row = bias_stride;
        end.finish(p);
        gemm(p, scratch, hooks);
      } else {
        Scatter<T> end{y, s.y_channel, {}, {}, bias, bias_stride};
        for (int d = 0; d < 3; ++d) {
          end.y += r[d] * s.y[d];
          end.y_stride[d] = s.transposed && v.out[d] > 1 ? s.y[d] * s.stride[d] : s.y[d];  // of one, the product may not fit
          end.out[d] = v.out[d];
        }
        p.store = &Scatter<T>::store;
        p.target = &end;
        gemm(p, scratch, hooks);
      }
    });
  }

  static Error run(OpContext ctx) noexcept {
    const ConvShape s = conv_shape(ctx);
    const T *x = ctx.tensor(kInput).template as<T>(), *w = ctx.tensor(kWeight).template as<T>();
    const T* bias = ctx.has(kBias) ? ctx.tensor(kBias).template as<T>() : nullptr;
    const int64_t bias_stride = bias ? ctx.tensor(kBias).strides[0] : 0;
    T* y = ctx.tensor(kResult).template as<T>();
    if (s.filters == 0 || s.batch == 0) return Error::Ok;

    if (is_direct(s)) {
      const int64_t planes = s.groups * s.filters;
      const Pieces pieces(s.batch * planes, 32768 / (s.positions() * s.window_size()) + 1, 256);
      parallel_for(ctx.frame->hooks, pieces.count, [&](int64_t piece) {
        for (int64_t i = pieces.begin(piece); i < pieces.end(piece); ++i) {
          const int64_t image = i / planes, plane = i % planes, group = plane / s.filters;
          convolve_plane(s, x + image * s.x_batch + group * s.x_channel, w + plane * s.w_filter,
                         bias ? bias + plane * bias_stride : nullptr, y + image * s.y_batch + plane * s.y_channel);
        }
      });
      return Error::Ok;
    }

    const int64_t slots = slots_of(s), each = slots > 1 ? static_cast<int64_t>(scratch_of_one(s)) : 0;
    std::byte* const scratch = ctx.scratch();
    parallel_slots(ctx.frame->hooks, slots, s.batch * s.groups, [&](int64_t slot, int64_t i) {
      const int64_t image = i / s.groups, group = i % s.groups;
      multiply(s, x + image * s.x_batch + group * s.channels * s.x_channel, w + group * s.w_group,
               bias ? bias + group * s.filters * bias_stride : nullptr, bias_stride,
               y + image * s.y_batch + group * s.filters * s.y_channel, scratch + slot * each, slots > 1 ? nullptr : ctx.frame->hooks);
    });
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return kernel_for<Convolution>(ctx.tensor(kInput).dtype, ConvTypes{}); }
uint64_t scratch_bytes(OpContext ctx) noexcept { return scratch_for<Convolution>(ctx.tensor(kInput).dtype, ConvTypes{}, ctx); }

}  // namespace

ETC_OP(
    convolution,
    "aten::convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, "
    "SymInt[] output_padding, SymInt groups) -> Tensor",
    infer, select, {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
