// Every kind of the kernels that multiply and convolve, against plain loops in double.
#include "ops/cpu/kernels_test.h"

namespace etc::cpu {
namespace {

// Rows of `runs` pieces, which lie in an order of their own, times packed weights of W.
template <class W = float>
void check_multiply(const Kernels& kernels, std::vector<int64_t> tiles, int64_t runs, int64_t length, int64_t columns,
                    Activation activation, bool with_bias, bool with_residual) {
  const int64_t depth = runs * length;
  int64_t rows = 0;
  for (int64_t t : tiles) rows += t;
  const std::vector<float> x = randoms(rows * depth, 1), bias = randoms(columns, 3);
  std::vector<float> w = randoms(columns * depth, 2);
  for (float& value : w) value = static_cast<float>(W(value));
  const int64_t result_row = columns + 3, residual_row = columns + 1;
  const std::vector<float> residual = randoms(rows * residual_row, 4);
  std::vector<float> packed(panels_of(columns) * depth * kPanel);
  pack_panels(
      columns, depth, [&](int64_t o, int64_t i) { return w[o * depth + i]; }, packed.data());
  std::vector<W> weights;
  for (float value : packed) weights.push_back(W(value));
  RowBlock b;
  std::vector<const float*> at(tiles.size() * runs * kMostRows);
  b.tiles = static_cast<int64_t>(tiles.size()), b.at = at.data(), b.runs = runs, b.length = length;
  b.weight = weights.data(), b.weight_dtype = DTypeOf<W>::value, b.panel = depth * kPanel, b.columns = columns;
  b.result_row = result_row;
  b.epilogue = {with_bias ? bias.data() : nullptr, with_residual ? residual.data() : nullptr, residual_row, activation};
  for (const bool is_even : {true, false}) {  // rows equally far apart, or every two in the other order
    SCOPED_TRACE(is_even ? "even rows" : "uneven rows");
    const auto piece = [&](int64_t row, int64_t run) {
      return x.data() + ((runs - 1 - run) * rows + (is_even || (row ^ 1) >= rows ? row : row ^ 1)) * length;
    };
    int64_t row = 0;
    for (size_t t = 0; t < tiles.size(); ++t) {
      b.rows[t] = tiles[t], b.place[t] = row * result_row;
      for (int64_t r = 0; r < tiles[t]; ++r, ++row)
        for (int64_t run = 0; run < runs; ++run) at[(t * runs + run) * kMostRows + r] = piece(row, run);
    }
    std::vector<float> result(rows * result_row, kUntouched);
    b.result = result.data();
    kernels.multiply(b);

    for (row = 0; row < rows; ++row)
      for (int64_t c = 0; c < result_row; ++c) {
        const float got = result[row * result_row + c];
        if (c >= columns) {
          ASSERT_EQ(got, kUntouched) << "behind row " << row;
          continue;
        }
        double sum = (with_bias ? bias[c] : 0) + (with_residual ? residual[row * residual_row + c] : 0.0), size = std::fabs(sum);
        for (int64_t k = 0; k < depth; ++k) {
          const double term = double(piece(row, k / length)[k % length]) * w[c * depth + k];
          sum += term, size += std::fabs(term);
        }
        ASSERT_NEAR(got, activated(activation, sum), 1e-6 + 6e-7 * size) << "row " << row << ", column " << c;
      }
  }
}

TEST(Kernels, MultiplyRowsOfAnyNumber) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    const int64_t most = kind.kernels->tile_rows, tall = kind.kernels->tall_rows;
    for (int64_t rows = 1; rows <= tall; ++rows)
      for (int64_t columns : {1, 5, 8, 15, 16, 17, 24, 32, 40, 47, 63, 64, 65, 130})
        check_multiply(*kind.kernels, {rows}, 1, 19, columns, Activation::None, true, false);
    check_multiply(*kind.kernels, {most, most - 1, 1, most}, 1, 33, 70, Activation::None, true, true);
    check_multiply(*kind.kernels, {tall, tall - 1, tall}, 2, 17, 70, Activation::Relu6, true, true);
  }
}
// Windows of numbers that lie anywhere, `step` floats from row to row.
void check_planes(const Kernels& kernels, int64_t rows, int64_t step, int64_t columns, Activation activation) {
  const std::vector<int64_t> places = {0, 1, 7, 40, 38, 3, 99, 50, 51};
  const int64_t inputs = static_cast<int64_t>(places.size()), depth = inputs + 3,
                result_row = columns + 3;  // some rows of the weight are left out
  const std::vector<float> x = randoms(100 + kernels.tall_rows * step, 1), w = randoms(columns * depth, 2), bias = randoms(columns, 3);
  std::vector<float> packed(panels_of(columns) * depth * kPanel), result(kernels.tall_rows * result_row, kUntouched);
  pack_panels(
      columns, depth, [&](int64_t o, int64_t i) { return w[o * depth + i]; }, packed.data());
  std::vector<PlaneTile::Input> all;
  for (int64_t i = 0; i < inputs; ++i) all.push_back({places[i], (i + i / 3) * kPanel});
  PlaneTile t;
  t.x = x.data(), t.step = step, t.inputs = all.data(), t.count = inputs;
  t.weight = packed.data(), t.panel = depth * kPanel, t.rows = rows, t.columns = columns;
  t.result = result.data(), t.result_row = result_row;
  t.epilogue = {bias.data(), nullptr, 0, activation};
  kernels.multiply_planes(t);
  for (int64_t row = 0; row < kernels.tall_rows; ++row)
    for (int64_t c = 0; c < result_row; ++c) {
      const float got = result[row * result_row + c];
      if (c >= columns || row >= rows) {
        ASSERT_EQ(got, kUntouched) << "row " << row << ", column " << c;
        continue;
      }
      double sum = bias[c];
      for (int64_t i = 0; i < inputs; ++i) sum += double(x[places[i] + row * step]) * w[c * depth + i + i / 3];
      ASSERT_NEAR(got, activated(activation, sum), 1e-5) << "row " << row << ", column " << c;
    }
}

TEST(Kernels, MultiplyPlanes) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    for (int64_t rows = 1; rows <= kind.kernels->tall_rows; ++rows)
      for (int64_t columns : {1, 5, 8, 16, 17, 24, 32, 40, 70})
        for (int64_t step : {1, 2, 5})
          for (Activation activation : {Activation::None, Activation::Relu6, Activation::Hardswish})
            check_planes(*kind.kernels, rows, step, columns, activation);
  }
}
TEST(Kernels, MultiplyPiecesOfAnyLength) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    for (int64_t runs : {1, 3, 9})
      for (int64_t length : {1, 2, 7, 8, 9, 64})
        for (int64_t rows : {1, 3}) check_multiply(*kind.kernels, {rows, rows}, runs, length, 20, Activation::None, false, true);
    for (int64_t length : {1, 7, 8, 9, 200}) check_multiply(*kind.kernels, {1}, 2, length, 37, Activation::None, true, true);
  }
}
template <class W>
void check_narrow_weights(const Kernels& kernels) {
  for (int64_t rows = 1; rows <= kernels.tall_rows; ++rows)
    for (int64_t columns : {1, 8, 16, 17, 31, 32, 33, 64, 130})
      for (int64_t length : {1, 19}) check_multiply<W>(kernels, {rows}, 1, length, columns, Activation::None, true, false);
  for (int64_t length : {1, 7, 8, 9, 200}) {
    check_multiply<W>(kernels, {1}, 2, length, 37, Activation::Silu, true, true);
    check_multiply<W>(kernels, {kernels.tall_rows, kernels.tall_rows, 1}, 3, length, 70, Activation::Relu6, true, true);
  }
}
TEST(Kernels, MultiplyNarrowWeights) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    check_narrow_weights<BFloat16>(*kind.kernels);
    check_narrow_weights<Half>(*kind.kernels);
  }
}

// Each of the 65536 numbers that 16 bits can be, times one.
template <class W>
void check_every_weight(const Kernels& kernels, int64_t rows) {
  constexpr int64_t kAll = 1 << 16;
  std::vector<W> weights(kAll);
  for (int64_t i = 0; i < kAll; ++i) weights[i].bits = static_cast<uint16_t>(i);
  const float one = 1;
  std::vector<const float*> at(kMostRows, &one);
  std::vector<float> result(rows * kAll, kUntouched);
  RowBlock b;
  b.tiles = 1, b.rows[0] = rows, b.at = at.data(), b.runs = 1, b.length = 1, b.weight = weights.data(), b.weight_dtype = DTypeOf<W>::value;
  b.panel = kPanel, b.columns = kAll, b.result = result.data(), b.result_row = kAll;
  kernels.multiply(b);
  for (int64_t i = 0; i < rows * kAll; ++i) {
    const float expected = static_cast<float>(weights[i % kAll]);
    ASSERT_TRUE(result[i] == expected || (std::isnan(result[i]) && std::isnan(expected))) << "weight " << std::hex << i % kAll;
  }
}
TEST(Kernels, WidenEveryWeight) {
  for (const Kind& kind : kinds())
    for (int64_t rows : {1, 3}) {
      SCOPED_TRACE(kind.name);
      check_every_weight<BFloat16>(*kind.kernels, rows);
      check_every_weight<Half>(*kind.kernels, rows);
    }
}
TEST(Kernels, ApplyActivations) {
  for (const Kind& kind : kinds())
    for (const ActivationName& a : kActivations) {
      SCOPED_TRACE(std::string(kind.name) + " " + a.name);
      check_multiply(*kind.kernels, {3}, 1, 4, 37, a.activation, true, false);
      check_multiply(*kind.kernels, {1}, 1, 4, 37, a.activation, true, true);
    }
}

// Over the range where activations are more than a straight line, and at its ends.
TEST(Kernels, KeepActivationsAccurate) {
  for (const Kind& kind : kinds())
    for (const ActivationName& a : kActivations) {
      SCOPED_TRACE(std::string(kind.name) + " " + a.name);
      const std::vector<float> one = {1};
      std::vector<float> x, weight(kPanel);
      weight[0] = 1;
      for (double at = -30; at <= 30; at += 0.001) x.push_back(static_cast<float>(at));
      for (float at : {0.0f, -0.0f, 1e-30f, 100.0f, -100.0f, -1e6f, 3e38f, INFINITY}) x.push_back(at);
      for (float at : x) {
        float result = kUntouched;
        const float* rows[kMostRows] = {&at};
        RowBlock b;
        b.tiles = 1, b.rows[0] = 1, b.at = rows, b.runs = 1, b.length = 1, b.weight = weight.data(), b.columns = 1;
        b.result = &result, b.result_row = 1, b.epilogue.activation = a.activation;
        kind.kernels->multiply(b);
        const double expected = activated(a.activation, at);
        if (std::isinf(expected)) {
          ASSERT_EQ(result, expected) << "at " << at;
        } else {
          // Gelu multiplies by 1 + erf, whose error is one of numbers near 1, on both sides.
          const double size = a.activation == Activation::Gelu ? std::fmin(std::fabs(at), 6) : std::fabs(expected);
          ASSERT_NEAR(result, expected, 3e-7 + 3e-7 * size) << "at " << at;
        }
      }
      float nan = NAN, result = 0;
      const float* rows[kMostRows] = {&nan};
      RowBlock b;
      b.tiles = 1, b.rows[0] = 1, b.at = rows, b.runs = 1, b.length = 1, b.weight = weight.data(), b.columns = 1;
      b.result = &result, b.result_row = 1, b.epilogue.activation = a.activation;
      kind.kernels->multiply(b);
      EXPECT_TRUE(std::isnan(result));
    }
}

void check_depthwise(const Kernels& kernels, int64_t lines, int64_t channels, int64_t kh, int64_t kw, int64_t stride, int64_t padding,
                     int64_t dilation, int64_t width, bool outside, Activation activation) {
  const int64_t out = (width + 2 * padding - (kw - 1) * dilation - 1) / stride + 1, pixel = channels + 2, result_pixel = channels + 1;
  ASSERT_GT(out, 0);
  const int64_t in_lines = kh + lines - 1, result_line = out * result_pixel + 3;
  const std::vector<float> x = randoms(in_lines * width * pixel, 1), w = randoms(channels * kh * kw, 2), bias = randoms(channels, 3);
  std::vector<float> packed(panels_of(channels) * kh * kw * kPanel), result(lines * result_line, kUntouched);
  pack_panels(
      channels, kh * kw, [&](int64_t o, int64_t i) { return w[o * kh * kw + i]; }, packed.data());
  std::vector<const float*> rows(in_lines);
  for (int64_t i = 0; i < in_lines; ++i) rows[i] = outside && i == 0 ? nullptr : x.data() + i * width * pixel;
  DepthwiseLines d;
  d.lines = lines, d.channels = channels, d.kernel[0] = kh, d.kernel[1] = kw, d.stride = stride, d.padding = padding, d.dilation = dilation;
  d.rows = rows.data(), d.width = width, d.pixel = pixel, d.weight = packed.data(), d.bias = bias.data();
  d.result = result.data(), d.result_width = out, d.result_pixel = result_pixel, d.result_line = result_line, d.activation = activation;
  kernels.depthwise(d);
  for (int64_t i = 0; i < lines * result_line; ++i) {
    const int64_t l = i / result_line, o = i % result_line / result_pixel, c = i % result_line % result_pixel;
    if (o >= out || c >= channels) {
      ASSERT_EQ(result[i], kUntouched);
      continue;
    }
    double sum = bias[c];
    for (int64_t ky = 0; ky < kh; ++ky)
      for (int64_t kx = 0; kx < kw; ++kx)
        if (const int64_t at = o * stride - padding + kx * dilation; rows[l + ky] && at >= 0 && at < width)
          sum += double(rows[l + ky][at * pixel + c]) * w[c * kh * kw + ky * kw + kx];
    ASSERT_NEAR(result[i], activated(activation, sum), 2e-5) << "line " << l << ", pixel " << o << ", channel " << c;
  }
}

TEST(Kernels, ConvolveDepthwise) {
  struct Case {
    int64_t kh, kw, stride, padding, dilation;
  };
  for (const Kind& kind : kinds())
    for (const Case c : {Case{3, 3, 1, 1, 1},
                         {3, 3, 2, 1, 1},
                         {5, 5, 1, 2, 1},
                         {5, 5, 2, 2, 1},
                         {7, 7, 1, 3, 1},
                         {3, 3, 1, 0, 1},
                         {3, 3, 1, 2, 2},
                         {3, 3, 3, 1, 1},
                         {1, 5, 1, 2, 1},
                         {2, 3, 1, 1, 1},
                         {3, 3, 1, 5, 1},
                         {7, 7, 2, 3, 1}})
      for (int64_t channels : {1, 7, 16, 33, 48})
        for (int64_t width : {7, 8, 19, 30}) {
          SCOPED_TRACE(testing::Message() << kind.name << " " << c.kh << "x" << c.kw << " stride " << c.stride << " padding " << c.padding
                                          << " dilation " << c.dilation << ", " << channels << " channels, width " << width);
          check_depthwise(*kind.kernels, 1, channels, c.kh, c.kw, c.stride, c.padding, c.dilation, width, width == 8, Activation::None);
          if (HasFatalFailure()) return;
        }
  for (const Kind& kind : kinds())
    for (const ActivationName& a : kActivations) check_depthwise(*kind.kernels, 1, 37, 3, 3, 1, 1, 1, 9, false, a.activation);
}

TEST(Kernels, ConvolveDepthwiseOfAnyGeometry) {
  std::mt19937 random(5);
  const auto any = [&](int64_t most) { return static_cast<int64_t>(random() % static_cast<uint64_t>(most)) + 1; };
  for (const Kind& kind : kinds())
    for (int i = 0; i < 2000; ++i) {
      const int64_t lines = any(2), kh = any(4), kw = i % 4 ? 2 * any(4) - 1 : any(9), stride = i % 3 ? any(2) : any(4),
                    dilation = i % 5 ? 1 : any(3);
      const int64_t padding = any(kw + 2) - 1, channels = any(70), width = any(24);
      if (width + 2 * padding < (kw - 1) * dilation + 1) continue;
      SCOPED_TRACE(testing::Message() << kind.name << " " << kh << "x" << kw << " stride " << stride << " padding " << padding
                                      << " dilation " << dilation << ", " << channels << " channels, width " << width);
      check_depthwise(*kind.kernels, lines, channels, kh, kw, stride, padding, dilation, width, any(2) == 1,
                      kActivations[i % 10].activation);
      if (HasFatalFailure()) return;
    }
}

// What is not a number goes to the results whose windows have it, and to no other; edges are no numbers of the sum at all.
TEST(Kernels, KeepSpecialValuesOfDepthwise) {
  for (const Kind& kind : kinds())
    for (int64_t kernel : {3, 4}) {
      SCOPED_TRACE(kind.name);
      constexpr int64_t kChannels = 21, kWidth = 18;
      std::vector<float> x(kWidth * kChannels, 1), packed(2 * kernel * kPanel, INFINITY), result(kWidth * kChannels);
      x[9 * kChannels + 20] = NAN;
      const float* row = x.data();
      DepthwiseLines d;
      d.channels = kChannels, d.kernel[0] = 1, d.kernel[1] = kernel, d.padding = 1, d.rows = &row, d.width = kWidth, d.pixel = kChannels;
      d.weight = packed.data(), d.result = result.data(), d.result_width = kWidth + 3 - kernel, d.result_pixel = kChannels;
      kind.kernels->depthwise(d);
      for (int64_t o = 0; o < d.result_width; ++o)
        for (int64_t c = 0; c < kChannels; ++c) {
          const bool sees = c == 20 && o - 1 <= 9 && o - 1 + kernel > 9;
          ASSERT_EQ(std::isnan(result[o * kChannels + c]), sees) << "pixel " << o << ", channel " << c;
          if (!sees) {
            ASSERT_EQ(result[o * kChannels + c], INFINITY);
          }
        }
    }
}

}  // namespace
}  // namespace etc::cpu
