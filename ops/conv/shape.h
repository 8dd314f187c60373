// The geometry of a convolution in one, two or three dimensions, as if it always had three.
#pragma once

#include "ops/dispatch.h"

namespace etc {

// Positions of aten::convolution's operands.
namespace conv {
constexpr uint32_t kInput = 0, kWeight = 1, kBias = 2, kStride = 3, kPadding = 4, kDilation = 5, kTransposed = 6, kOutputPadding = 7,
                   kGroups = 8, kResult = 9;
}

// Missing dimensions come first, with size 1. Strides of tensors in elements.
struct ConvShape {
  bool transposed = false;
  int64_t batch = 0, groups = 1;
  int64_t channels = 0, filters = 0;  // in and out, of one group
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1}, window[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1}, padding[3] = {}, dilation[3] = {1, 1, 1};
  int64_t x_batch = 0, x_channel = 0, x[3] = {};
  int64_t w_filter = 0, w_channel = 0, w[3] = {}, w_group = 0;
  int64_t y_batch = 0, y_channel = 0, y[3] = {};

  int64_t window_size() const { return window[0] * window[1] * window[2]; }
  int64_t depth() const { return channels * window_size(); }
  int64_t positions() const { return out[0] * out[1] * out[2]; }
};

inline ConvShape conv_shape(OpContext ctx) {
  const Tensor &x = ctx.tensor(conv::kInput), &w = ctx.tensor(conv::kWeight), &y = ctx.tensor(conv::kResult);
  ConvShape s;
  s.transposed = ctx.boolean(conv::kTransposed);
  s.batch = x.sizes[0];
  s.groups = ctx.integer(conv::kGroups);
  s.channels = x.sizes[1] / s.groups;
  s.filters = y.sizes[1] / s.groups;
  s.x_batch = x.strides[0], s.x_channel = x.strides[1];
  s.y_batch = y.strides[0], s.y_channel = y.strides[1];
  s.w_filter = w.strides[s.transposed ? 1 : 0];
  s.w_channel = w.strides[s.transposed ? 0 : 1];
  s.w_group = w.strides[0] * (s.transposed ? s.channels : s.filters);
  const uint32_t dims = x.rank - 2u;
  const Ints stride = ctx.ints(conv::kStride), padding = ctx.ints(conv::kPadding), dilation = ctx.ints(conv::kDilation);
  const auto at = [](Ints list, uint32_t d) { return list[list.size == 1 ? 0 : d]; };
  for (uint32_t d = 0; d < dims; ++d) {
    const uint32_t to = 3 - dims + d;
    s.in[to] = x.sizes[2 + d], s.out[to] = y.sizes[2 + d], s.window[to] = w.sizes[2 + d];
    s.stride[to] = at(stride, d), s.padding[to] = at(padding, d), s.dilation[to] = at(dilation, d);
    s.x[to] = x.strides[2 + d], s.y[to] = y.strides[2 + d], s.w[to] = w.strides[2 + d];
  }
  return s;
}

}  // namespace etc
