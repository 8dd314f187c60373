// The geometry that all pooling shares: planes of up to three dimensions, as if there were always three.
#pragma once

#include "ops/dispatch.h"
#include "ops/parallel.h"

namespace etc {

// Missing dimensions come first, with size 1. Strides of tensors in elements; `y` is any result, all of which have its shape.
struct PoolShape {
  int64_t batch = 1, channels = 1;
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  int64_t window[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, padding[3] = {}, dilation[3] = {1, 1, 1};

  int64_t positions() const { return out[0] * out[1] * out[2]; }
  int64_t window_size() const { return window[0] * window[1] * window[2]; }
};

// Strides of one tensor: batch and channel, then the three dimensions of a plane.
struct PlaneStrides {
  int64_t batch = 0, channel = 0, at[3] = {};
};
inline PlaneStrides plane_strides(const Tensor& t, uint32_t dims) {
  PlaneStrides s;
  s.channel = t.strides[t.rank - dims - 1];
  if (t.rank == dims + 2) s.batch = t.strides[0];
  for (uint32_t d = 0; d < dims; ++d) s.at[3 - dims + d] = t.strides[t.rank - dims + d];
  return s;
}

inline PoolShape plane_shape(const Tensor& x, const Tensor& y, uint32_t dims) {
  PoolShape s;
  s.channels = x.sizes[x.rank - dims - 1];
  if (x.rank == dims + 2) s.batch = x.sizes[0];
  for (uint32_t d = 0; d < dims; ++d) {
    s.in[3 - dims + d] = x.sizes[x.rank - dims + d];
    s.out[3 - dims + d] = y.sizes[y.rank - dims + d];
  }
  return s;
}

// Element d of a list in which one number stands for all; an empty stride means the window.
inline int64_t pool_number(Ints list, uint32_t d) { return list[list.size == 1 ? 0 : d]; }

// Adds windows that slide: operands 1, 2, 3 are kernel_size, stride, padding; 4 is dilation when there is one.
inline void set_windows(OpContext ctx, uint32_t dims, bool has_dilation, PoolShape* s) {
  const Ints window = ctx.ints(1), stride = ctx.ints(2).size ? ctx.ints(2) : window, padding = ctx.ints(3);
  for (uint32_t d = 0; d < dims; ++d) {
    const uint32_t to = 3 - dims + d;
    s->window[to] = pool_number(window, d);
    s->stride[to] = pool_number(stride, d);
    s->padding[to] = pool_number(padding, d);
    if (has_dilation) s->dilation[to] = pool_number(ctx.ints(4), d);
  }
}

// Sizes of what sliding windows give, after refusing all that the kernels could not walk. PyTorch's rules: padding of at most half the
// window, and with ceil_mode no window that starts behind the input and its left padding.
inline Error infer_windows(InferContext& ctx, uint32_t dims, bool has_dilation, bool ceil_mode, Meta* y) {
  const Meta x = ctx.meta(0);
  if (x.rank != dims + 1 && x.rank != dims + 2) return Error::BadShape;
  const Ints window = ctx.ints(1), stride = ctx.ints(2).size ? ctx.ints(2) : window, padding = ctx.ints(3);
  const int64_t one = 1;
  const Ints dilation = has_dilation ? ctx.ints(4) : Ints{&one, 1};
  const Ints lists[] = {window, stride, padding, dilation};
  for (const Ints& list : lists)
    if (list.size != 1 && list.size != dims) return Error::BadArgument;
  *y = x;
  if (x.sizes[x.rank - dims - 1] < 1) return Error::BadShape;
  int64_t count = 1;
  for (uint32_t d = 0; d < dims; ++d) {
    const int64_t in = x.sizes[x.rank - dims + d], k = pool_number(window, d), s = pool_number(stride, d), p = pool_number(padding, d),
                  step = pool_number(dilation, d);
    if (in < 1) return Error::BadShape;
    if (k < 1 || s < 1 || p < 0 || step < 1) return Error::BadArgument;
    int64_t span = 0, reach = 0, room = 0;
    if (!checked_multiply(step, k - 1, &span) || !checked_add(span, 1, &span) || p > span / 2) return Error::BadArgument;
    if (!checked_add(in, 2 * p, &reach) || !checked_add(reach, s, &room) || !checked_add(room, span, &room)) return Error::BadShape;
    if (!checked_multiply(count, k, &count)) return Error::BadArgument;
    const int64_t rest = reach - span + (ceil_mode ? s - 1 : 0);
    if (rest < 0) return Error::BadShape;
    int64_t out = rest / s + 1;
    if (ceil_mode && (out - 1) * s >= in + p) --out;
    if (out < 1) return Error::BadShape;
    y->sizes[y->rank - dims + d] = out;
  }
  return Error::Ok;
}

// Calls f(batch, channel) for every plane; `work` is the number of elements that one plane looks at.
template <class F>
void for_each_plane(const PoolShape& s, int64_t work, const Hooks* hooks, const F& f) {
  const Pieces pieces(s.batch * s.channels, 16384 / (work + 1) + 1, 256);
  parallel_for(hooks, pieces.count, [&](int64_t piece) {
    for (int64_t i = pieces.begin(piece); i < pieces.end(piece); ++i) f(i / s.channels, i % s.channels);
  });
}

// Calls f(o) for each output position of a plane.
template <class F>
void for_each_position(const PoolShape& s, const F& f) {
  int64_t o[3];
  for (o[0] = 0; o[0] < s.out[0]; ++o[0])
    for (o[1] = 0; o[1] < s.out[1]; ++o[1])
      for (o[2] = 0; o[2] < s.out[2]; ++o[2]) f(static_cast<const int64_t(&)[3]>(o));
}

// Elements begin, begin + step, … before end in each dimension.
struct Window {
  int64_t begin[3], end[3], step[3];
};

// Adaptive windows: output position o of `out` covers [o * in / out, ceil((o + 1) * in / out)).
inline Window adaptive_window(const PoolShape& s, const int64_t (&o)[3]) {
  Window w;
  for (int d = 0; d < 3; ++d) {
    w.begin[d] = o[d] * s.in[d] / s.out[d];
    w.end[d] = ((o[d] + 1) * s.in[d] - 1) / s.out[d] + 1;
    w.step[d] = 1;
  }
  return w;
}

}  // namespace etc
