// The windows of a convolution over an image of few channels, each a plane of its own, as PyTorch has images: read as it lies. Only what
// reaches over an edge of a line is copied, a tile at a time.
#pragma once

#include "ops/cpu/image.h"
#include "ops/cpu/product.h"

namespace etc::cpu {

constexpr int64_t kMostPlaneInputs = 512;  // of a window
constexpr int64_t kMostPlaneCopy = 4096;   // floats of a tile

struct Planes {
  Tensor x;  // [n, height, width, channels], pixels one behind the other
  Geometry g;
  int64_t width;                // of the result
  const float* weight;          // [panels][channels][taps][kPanel]
  int64_t columns, result_row;  // floats from pixel to pixel
  Epilogue epilogue;

  // Floats that the windows of a tile of so many rows reach over in a line.
  static int64_t span(const Geometry& g, int64_t rows) { return (rows - 1) * g.stride[1] + (g.kernel[1] - 1) * g.dilation[1] + 1; }
  // Whether windows are small enough.
  static bool takes(const Geometry& g, int64_t channels) {
    constexpr int64_t kMost = kMostPlaneCopy;
    for (const int64_t n : {channels, g.kernel[0], g.kernel[1], g.stride[1], g.dilation[1]})
      if (n > kMost) return false;
    return channels * g.kernel[0] * g.kernel[1] <= kMostPlaneInputs && channels * g.kernel[0] * span(g, kMostRows) <= kMostPlaneCopy;
  }

  // Lines `from` .. `to` - 1 of the result for image n, which lie `line` floats apart from `result` on.
  void run(int64_t n, int64_t from, int64_t to, float* result, int64_t line) const {
    const Kernels& kernels = cpu::kernels();
    const float* image = x.as<float>() + n * x.strides[0];
    PlaneTile::Input inputs[kMostPlaneInputs], copied[kMostPlaneInputs];
    float copy[kMostPlaneCopy];
    const int64_t channels = x.sizes[3], taps = g.kernel[0] * g.kernel[1], reach = span(g, kernels.tall_rows);
    PlaneTile t;
    t.step = g.stride[1];
    t.weight = weight, t.panel = channels * taps * kPanel;
    t.columns = columns, t.result_row = result_row, t.epilogue = epilogue;
    for (int64_t oy = from; oy < to; ++oy, result += line) {
      const int64_t top = oy * g.stride[0] - g.padding[0];
      t.count = 0;
      int64_t lines = 0;  // of all planes that lie within the image
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t ky = 0; ky < g.kernel[0]; ++ky) {
          const int64_t iy = top + ky * g.dilation[0];
          if (iy < 0 || iy >= x.sizes[1]) continue;
          for (int64_t kx = 0; kx < g.kernel[1]; ++kx, ++t.count) {
            const int64_t weight_row = (c * taps + ky * g.kernel[1] + kx) * kPanel;
            inputs[t.count] = {c * x.strides[3] + iy * x.strides[1] + kx * g.dilation[1], weight_row};
            copied[t.count] = {lines * reach + kx * g.dilation[1], weight_row};
          }
          ++lines;
        }
      for (int64_t ox = 0; ox < width; ox += t.rows) {
        const int64_t left = ox * g.stride[1] - g.padding[1];
        t.rows = width - ox < kernels.tall_rows ? width - ox : kernels.tall_rows;
        t.result = result + ox * result_row;
        if (left >= 0 && left + reach <= x.sizes[2]) {
          t.x = image + left, t.inputs = inputs;
        } else {
          copy_lines(image, inputs, t.count, left, reach, copy);
          t.x = copy, t.inputs = copied;
        }
        kernels.multiply_planes(t);
      }
    }
  }

 private:
  // What lies from pixel `left` on in the line of each input that begins a line of a window, zeros beyond the edges.
  void copy_lines(const float* image, const PlaneTile::Input* inputs, int64_t count, int64_t left, int64_t reach, float* copy) const {
    const int64_t before = left < 0 ? (-left < reach ? -left : reach) : 0, end = x.sizes[2] - left < reach ? x.sizes[2] - left : reach;
    for (int64_t i = 0; i < count; i += g.kernel[1], copy += reach) {
      for (int64_t k = 0; k < before; ++k) copy[k] = 0;
      for (int64_t k = before; k < end; ++k) copy[k] = image[inputs[i].x + left + k];
      for (int64_t k = end > before ? end : before; k < reach; ++k) copy[k] = 0;
    }
  }
};

// Whether `weight` is what is packed for planes.
inline Error check_planes(const Meta& weight, int64_t columns, int64_t channels, const Geometry& g) {
  if (weight.dtype != DType::F32 || columns < 1) return Error::BadArgument;
  const bool fits = weight.rank == 4 && weight.sizes[0] == panels_of(columns) && weight.sizes[1] == channels &&
                    weight.sizes[2] == g.kernel[0] * g.kernel[1] && weight.sizes[3] == kPanel;
  return fits ? Error::Ok : Error::BadShape;
}

// Pixels one behind the other, as they lie in planes.
inline bool has_dense_planes(const Tensor& t) { return t.sizes[2] <= 1 || t.strides[2] == 1; }

}  // namespace etc::cpu
