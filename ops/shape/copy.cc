// etc::copy – the elements of a tensor with any strides, by their width.
#include "ops/pointwise.h"

namespace etc {
namespace {

// A dimension outside of the rows along which x lies dense, where rows are dense in the result only; rank when there is none.
uint32_t dense_in_x(const Rows<2>& rows) {
  if (rows.steps[0] == 1 && rows.steps[1] != 1)
    for (uint32_t d = 0; d < rows.rank; ++d)
      if (rows.strides[1][d] == 1) return d;
  return rows.rank;
}

// result[i * step + j] = x[i + j * row], some columns at a time: each line of the cache that is read or written is finished while it is
// near.
template <class T>
void transpose(const T* x, ptrdiff_t row, T* result, ptrdiff_t step, ptrdiff_t rows, ptrdiff_t columns) {
  if (columns == 3) {  // the colours of an image
    for (ptrdiff_t i = 0; i < rows; ++i, ++x, result += step) {
      const T colours[] = {x[0], x[row], x[2 * row]};
      result[0] = colours[0], result[1] = colours[1], result[2] = colours[2];
    }
    return;
  }
  constexpr ptrdiff_t kColumns = 16;
  for (ptrdiff_t j = 0; j < columns; j += kColumns) {
    const ptrdiff_t n = columns - j < kColumns ? columns - j : kColumns;
    for (ptrdiff_t i = 0; i < rows; ++i) {
      const T* from = x + i + j * row;
      T* to = result + i * step + j;
      for (ptrdiff_t k = 0; k < n; ++k) to[k] = from[k * row];
    }
  }
}

// Whether it was one that transposes.
template <class T>
bool copy_transposed(const Tensor& x, const Tensor& result) {
  const Tensor* const operands[] = {&result, &x};
  Rows<2> rows = rows_of<2>(result, operands);
  const uint32_t d = dense_in_x(rows);
  if (d == rows.rank) return false;
  const ptrdiff_t size = rows.sizes[d], step = rows.strides[0][d];
  --rows.rank;
  for (uint32_t i = d; i < rows.rank; ++i) {
    rows.sizes[i] = rows.sizes[i + 1];
    for (auto& strides : rows.strides) strides[i] = strides[i + 1];
  }
  for_each_row(
      rows, [&](const ptrdiff_t(&at)[2]) { transpose(x.as<T>() + at[1], rows.steps[1], result.as<T>() + at[0], step, size, rows.length); });
  return true;
}

template <class T>
struct Copy {
  static Error run(OpContext ctx) noexcept {
    const Tensor &x = ctx.tensor(0), &result = ctx.tensor(1);
    if (is_contiguous(x) && is_contiguous(result)) {
      const int64_t bytes = result.numel() * static_cast<int64_t>(sizeof(T));
      if (bytes && result.data != x.data) std::memcpy(result.data, x.data, static_cast<size_t>(bytes));
    } else if (!copy_transposed<T>(x, result)) {
      map<T, T>([](T e) { return e; }, result, x);
    }
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return kernel_for_width<Copy>(ctx.tensor(0).dtype); }

}  // namespace

ETC_OP(copy, "etc::copy(Tensor self) -> Tensor", infer_same<1>, select, kUnary)
}  // namespace etc
