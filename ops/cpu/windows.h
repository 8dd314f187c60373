// The windows of a convolution over an image [n, height, width, channels] as rows of a product.
#pragma once

#include "ops/cpu/image.h"
#include "ops/cpu/product.h"

namespace etc::cpu {

// Where the windows of out[0] lines of out[1] pixels lie in each image of x. A padding below zero cuts pixels off.
struct Windows {
  Tensor tensor;
  Geometry g;
  const float* x;
  int64_t channels, in[2], out[2], image, line, pixel;  // strides in floats
  const float* zeros = nullptr;                         // zeros_needed() of them; of multiply() alone

  Windows(const Tensor& t, const Geometry& geometry, int64_t lines, int64_t pixels) : tensor(t), g(geometry) {
    x = t.as<float>();
    channels = t.sizes[3];
    in[0] = t.sizes[1], in[1] = t.sizes[2], out[0] = lines, out[1] = pixels;
    image = t.strides[0], line = t.strides[1], pixel = t.strides[2];
  }

  bool pads() const { return g.padding[0] > 0 || g.padding_behind[0] > 0 || !is_within_lines(); }
  // Floats of zeros that windows are pointed to where they lie outside.
  int64_t zeros_needed() const { return pads() ? length() : 0; }
  // Every pixel is a row of the product as it lies: no pointers into windows are needed.
  bool is_matrix() const {
    return g.kernel[0] * g.kernel[1] == 1 && in[0] == out[0] && in[1] == out[1] && !pads() && are_joined(tensor, 0, 3);
  }
  bool is_within_lines() const { return g.padding[1] <= 0 && g.padding_behind[1] <= 0; }
  // The pixels of a line of the window are one run; where it may reach over an edge, only few channels are worth the copy.
  bool has_lines() const {
    const bool is_cheap = is_within_lines() || (channels < kPanel && g.stride[1] <= kMostCopied && copied() <= kMostCopied);
    return pixel == channels && g.dilation[1] == 1 && is_cheap;
  }
  int64_t runs() const { return has_lines() ? g.kernel[0] : g.kernel[0] * g.kernel[1]; }
  int64_t length() const { return has_lines() ? g.kernel[1] * channels : channels; }
  // Floats a row that locate_lines may copy: so many lines of the image for windows one behind the other.
  int64_t copied() const {
    const int64_t pixels = g.kernel[1] < g.stride[1] ? g.stride[1] : g.kernel[1];
    return is_within_lines() ? 0 : g.kernel[0] * pixels * channels;
  }

  // Calls f(row, rows, image, first line of their windows, first pixel of the first) for the rows of each line.
  template <class F>
  void for_lines(int64_t first, int64_t count, const F& f) const {
    const int64_t start = quotient(first, out[1]);
    int64_t n = quotient(start, out[0]), oy = start - n * out[0], ox = first - start * out[1];
    for (int64_t r = 0, rows = 0; r < count; r += rows) {
      rows = out[1] - ox < count - r ? out[1] - ox : count - r;
      f(r, rows, x + n * image, oy * g.stride[0] - g.padding[0], ox * g.stride[1] - g.padding[1]);
      ox = 0;
      if (++oy < out[0]) continue;
      oy = 0, ++n;
    }
  }

  void locate(int64_t first, int64_t count, const float** at) const {
    for_lines(first, count, [&](int64_t r, int64_t rows, const float* from, int64_t top, int64_t left) {
      const float** run = at + r;
      for (int64_t ky = 0, iy = top; ky < g.kernel[0]; ++ky, iy += g.dilation[0]) {
        const bool is_inside = is_within(iy, in[0]);
        const float* start = from + (is_inside ? iy : 0) * line;
        for (int64_t kx = 0, ix = left; kx < g.kernel[1]; ++kx, ix += g.dilation[1], run += kMostRows) {
          int64_t begin = 0, end = is_inside ? rows : 0;  // the rows whose pixel lies in the image
          while (begin < end && ix + begin * g.stride[1] < 0) run[begin++] = zeros;
          while (begin < end && ix + (end - 1) * g.stride[1] >= in[1]) run[--end] = zeros;
          for (int64_t i = begin; i < end; ++i) run[i] = start + (ix + i * g.stride[1]) * pixel;
          for (int64_t i = end; i < rows && !is_inside; ++i) run[i] = zeros;
        }
      }
    });
  }

  // What windows see of lines that they reach over the edges of is copied, with zeros, to *copies, which moves on.
  void locate_lines(int64_t first, int64_t count, const float** at, float** copies) const {
    const int64_t lines = g.kernel[0], next = g.dilation[0], step = g.stride[1] * channels;
    for_lines(first, count, [&](int64_t r, int64_t rows, const float* from, int64_t top, int64_t left) {
      const int64_t pixels = (rows - 1) * g.stride[1] + g.kernel[1], begin = clip(-left, pixels), end = clip(in[1] - left, pixels);
      const int64_t inside = (end - begin) * channels, size = pixels * channels;
      float* copied = inside < size ? *copies : nullptr;
      if (copied) *copies = fill(copied, lines * size), copied += begin * channels;
      const float** run = at + r;
      for (int64_t ky = 0, iy = top; ky < lines; ++ky, iy += next, run += kMostRows) {
        if (!is_within(iy, in[0])) {
          point(run, rows, zeros, 0);
          continue;
        }
        const float* start = from + iy * line + left * channels;
        if (copied) {
          copy(start + begin * channels, inside, copied);
          start = copied - begin * channels;
          copied += size;
        }
        point(run, rows, start, step);
      }
    });
  }

  // p over all windows.
  void multiply(const Hooks* hooks, Product* p) const {
    p->rows = tensor.sizes[0] * out[0] * out[1];
    p->block.runs = runs();
    p->block.length = length();
    if (is_matrix()) {
      const int64_t step = stride_of_joined(tensor, 0, 3);
      p->run(hooks, 0, [&](int64_t row, int64_t count, const float** at, float**) {
        for (int64_t r = 0; r < count; ++r) at[r] = x + (row + r) * step;
      });
    } else if (has_lines()) {
      constexpr int64_t kShort = 4;
      if (copied() > 0 && out[1] >= kShort && p->line == 0) {  // no two tiles share a line, which both would copy
        p->line = out[1], p->lines = out[0];
        p->result_line = out[1] * p->block.result_row, p->result_image = out[0] * p->result_line;
      }
      p->run(hooks, copied(), [&](int64_t row, int64_t count, const float** at, float** copies) { locate_lines(row, count, at, copies); });
    } else {
      p->run(hooks, 0, [&](int64_t row, int64_t count, const float** at, float**) { locate(row, count, at); });
    }
  }

 private:
  // a / b; CPUs divide 32 bits several times faster.
  static int64_t quotient(int64_t a, int64_t b) {
    if ((a | b) >> 32) return a / b;
    return static_cast<uint32_t>(a) / static_cast<uint32_t>(b);
  }
  static int64_t clip(int64_t i, int64_t most) { return i < 0 ? 0 : i < most ? i : most; }
  static void point(const float** run, int64_t rows, const float* start, int64_t step) {
    for (const float** const end = run + rows; run < end; start += step) {
      *run++ = start;
      asm("" : "+r"(run));  // few: no vectors
    }
  }
  // Few numbers: a call would take longer.
  static float* fill(float* to, int64_t n) {
    for (; n >= 4; n -= 4, to += 4) __builtin_memset(to, 0, 4 * sizeof(float));
    if (n & 2) __builtin_memset(to, 0, 2 * sizeof(float)), to += 2;
    if (n & 1) *to++ = 0;
    return to;
  }
  static void copy(const float* from, int64_t n, float* to) {
    for (; n >= 4; n -= 4, from += 4, to += 4) __builtin_memcpy(to, from, 4 * sizeof(float));
    if (n & 2) __builtin_memcpy(to, from, 2 * sizeof(float)), from += 2, to += 2;
    if (n & 1) *to = *from;
  }
  static bool is_within(int64_t i, int64_t size) { return static_cast<uint64_t>(i) < static_cast<uint64_t>(size); }
};

}  // namespace etc::cpu
