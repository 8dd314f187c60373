// A convolution as a matrix product (ops/linalg/gemm.h): A is the weights, one row a filter; B[k, n] is what filter element
// k = (channel, window position) sees at output position n. B never exists as a whole: panels of it are gathered as they are needed.
#pragma once

#include "ops/linalg/gemm.h"

namespace etc {

// Output position o and window position t of a dimension read x at o * stride + start + t * step, or zero outside of [0, in).
template <class T>
struct Windows {
  const T* x = nullptr;
  int64_t x_channel = 0, x_stride[3] = {};
  int64_t in[3], out[3], window[3], stride[3], start[3], step[3];
  const T* w = nullptr;
  int64_t w_filter = 0, w_channel = 0, w_stride[3] = {};
};

namespace detail {
// Columns of a panel that lie in one output row.
struct Run {
  int64_t first, length;  // in the panel
  int64_t at[3];          // x index of window position 0
};

// Neighbours of a row: panel[j] = row[j * gap] for j in [0, length), zero where index + j * step lies outside of [0, size).
template <class T>
inline void gather(const T* row, int64_t index, int64_t step, int64_t size, int64_t gap, int64_t length, Accumulator<T>* panel) {
  using Acc = Accumulator<T>;
  const int64_t last = index + (length - 1) * step;
  if (index >= 0 && last < size) {
    row += index * gap;
    gap *= step;
    if (gap == 1 && length == kGemmColumns<Acc>)
      for (int64_t j = 0; j < kGemmColumns<Acc>; ++j) panel[j] = static_cast<Acc>(load(row + j));
    else
      for (int64_t j = 0; j < length; ++j) panel[j] = static_cast<Acc>(load(row + j * gap));
    return;
  }
  for (int64_t j = 0; j < length; ++j, index += step)
    panel[j] = index >= 0 && index < size ? static_cast<Acc>(load(row + index * gap)) : Acc{};
}
}  // namespace detail

// Product::pack_b over windows.
template <class T>
void pack_windows(const void* source, int64_t column, int64_t columns, int64_t k0, int64_t kc, Accumulator<T>* panel) {
  using Acc = Accumulator<T>;
  constexpr int64_t kStep = kGemmColumns<Acc>;
  const Windows<T>& s = *static_cast<const Windows<T>*>(source);

  detail::Run runs[kStep];
  int64_t count = 0;
  int64_t o[3] = {column / s.out[2] / s.out[1], column / s.out[2] % s.out[1], column % s.out[2]};
  for (int64_t j = 0; j < columns;) {
    detail::Run& r = runs[count++];
    r.first = j;
    r.length = s.out[2] - o[2] < columns - j ? s.out[2] - o[2] : columns - j;
    for (int d = 0; d < 3; ++d) r.at[d] = o[d] * s.stride[d] + s.start[d];
    j += r.length;
    o[2] = 0;
    if (++o[1] == s.out[1]) o[1] = 0, ++o[0];
  }

  const int64_t area = s.window[1] * s.window[2], volume = s.window[0] * area;
  int64_t channel = k0 / volume, t[3] = {k0 % volume / area, k0 % area / s.window[2], k0 % s.window[2]};
  for (int64_t k = 0; k < kc;) {  // one row of the window at a time
    const int64_t width = s.window[2] - t[2] < kc - k ? s.window[2] - t[2] : kc - k;
    Acc* rows = panel + k * kStep;
    for (int64_t i = 0; i < count; ++i) {
      const detail::Run& r = runs[i];
      const int64_t x0 = r.at[0] + t[0] * s.step[0], x1 = r.at[1] + t[1] * s.step[1];
      if (x0 < 0 || x0 >= s.in[0] || x1 < 0 || x1 >= s.in[1]) {
        for (int64_t w = 0; w < width; ++w)
          for (int64_t j = 0; j < r.length; ++j) rows[w * kStep + r.first + j] = Acc{};
        continue;
      }
      const T* row = s.x + channel * s.x_channel + x0 * s.x_stride[0] + x1 * s.x_stride[1];
      for (int64_t w = 0; w < width; ++w)
        detail::gather(row, r.at[2] + (t[2] + w) * s.step[2], s.stride[2], s.in[2], s.x_stride[2], r.length, rows + w * kStep + r.first);
    }
    for (int64_t w = 0; w < width; ++w)
      for (int64_t j = columns; j < kStep; ++j) rows[w * kStep + j] = Acc{};
    k += width;
    t[2] = 0;
    if (++t[1] == s.window[1]) t[1] = 0, ++t[0];
    if (t[0] == s.window[0]) t[0] = 0, ++channel;
  }
}

// Product::pack_b where the window is one element and positions lie one behind the other: columns of the input itself.
template <class T>
void pack_pixels(const void* source, int64_t column, int64_t columns, int64_t k0, int64_t kc, Accumulator<T>* panel) {
  using Acc = Accumulator<T>;
  constexpr int64_t kStep = kGemmColumns<Acc>;
  const Windows<T>& s = *static_cast<const Windows<T>*>(source);
  const T* x = s.x + k0 * s.x_channel + column;
  for (int64_t k = 0; k < kc; ++k, x += s.x_channel, panel += kStep) {
    if (columns == kStep) {
      for (int64_t j = 0; j < kStep; ++j) panel[j] = static_cast<Acc>(load(x + j));
    } else {
      for (int64_t j = 0; j < kStep; ++j) panel[j] = j < columns ? static_cast<Acc>(load(x + j)) : Acc{};
    }
  }
}

// Product::pack_a: filters at any strides.
template <class T>
void pack_filters(const void* source, int64_t row, int64_t rows, int64_t k0, int64_t kc, Accumulator<T>* strip) {
  const Windows<T>& s = *static_cast<const Windows<T>*>(source);
  const int64_t area = s.window[1] * s.window[2], volume = s.window[0] * area;
  int64_t channel = k0 / volume, t[3] = {k0 % volume / area, k0 % area / s.window[2], k0 % s.window[2]};
  for (int64_t k = 0; k < kc; ++k) {
    const T* w = s.w + row * s.w_filter + channel * s.w_channel + t[0] * s.w_stride[0] + t[1] * s.w_stride[1] + t[2] * s.w_stride[2];
    for (int64_t i = 0; i < rows; ++i) strip[k * kGemmRows + i] = static_cast<Accumulator<T>>(load(w + i * s.w_filter));
    if (++t[2] < s.window[2]) continue;
    t[2] = 0;
    if (++t[1] < s.window[1]) continue;
    t[1] = 0;
    if (++t[0] < s.window[0]) continue;
    t[0] = 0;
    ++channel;
  }
}

}  // namespace etc
