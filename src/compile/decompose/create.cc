// Tensors made from nothing: constants by size, ranges, windows. Nothing is computed when the program runs.
#include <cmath>
#include <numbers>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

// Filled by size (argument 0), as another tensor (self), or by size with another's dtype; the dtype argument's position follows.
template <int kNumber, size_t kDType>
Results by_size(Builder& b, const Call& c) {
  return {b.full(dtype_of(c, kDType, DType::F32), c.syms(0), int64_t{kNumber})};
}
template <int kNumber>
Results like(Builder& b, const Call& c) {
  const TensorType& type = c.tensor(0)->type;
  return {b.full(c.dtype_or(1, type.dtype), type.sizes, int64_t{kNumber})};
}
template <int kNumber, size_t kDType>
Results new_by_size(Builder& b, const Call& c) {
  return {b.full(c.dtype_or(kDType, c.tensor(0)->type.dtype), c.syms(1), int64_t{kNumber})};
}
Results full_like(Builder& b, const Call& c) {
  const TensorType& type = c.tensor(0)->type;
  return {b.full(c.dtype_or(2, type.dtype), type.sizes, c.args[1])};
}
Results new_full(Builder& b, const Call& c) { return {b.full(c.dtype_or(3, c.tensor(0)->type.dtype), c.syms(1), c.args[2])}; }
Results scalar_tensor(Builder& b, const Call& c) { return {b.scalar(dtype_of(c, 1, DType::F32), c.args[0])}; }

// arange(end) and arange(start, end); the dtype is integer when the numbers are.
template <size_t kNumbers>
Results arange(Builder& b, const Call& c) {
  DType dtype = DType::I64;
  for (size_t i = 0; i < kNumbers; ++i)
    if (std::holds_alternative<double>(c.args[i]) || std::holds_alternative<SymReal>(c.args[i])) dtype = DType::F32;
  dtype = dtype_of(c, kNumbers, dtype);
  // PyTorch counts I64 ranges in integers.
  const auto bound = [&](const Argument& a) -> Argument {
    if (auto* r = std::get_if<SymReal>(&a); r && dtype == DType::I64) return SymInt(sym_apply(SymOp::Trunc, {r->node()}));
    if (dtype == DType::I64 && !std::holds_alternative<SymInt>(a)) return static_cast<int64_t>(number(a));
    return a;
  };
  Argument start = int64_t{0};
  if (kNumbers == 2) start = bound(c.args[0]);
  return b.call("aten::arange.start_step", {start, bound(c.args[kNumbers - 1]), int64_t{1}, static_cast<int64_t>(dtype)});
}

// base ^ (steps equal steps from start to end).
Results logspace(Builder& b, const Call& c) {
  const double start = number(c.args[0]), end = number(c.args[1]), base = c.real(3);
  const int64_t steps = c.integer(2);
  if (steps < 0) throw CompileError("logspace of " + std::to_string(steps) + " steps");
  std::vector<double> points;
  for (int64_t i = 0; i < steps; ++i)
    points.push_back(std::pow(base, steps == 1 ? start : start + (end - start) * static_cast<double>(i) / static_cast<double>(steps - 1)));
  return {b.cast(b.constant_of(DType::F64, {steps}, points), dtype_of(c, 4, DType::F32))};
}

// Rows and columns of the elements below (or above) a diagonal.
template <bool kLower>
Results triangle_indices(Builder& b, const Call& c) {  // row, col, offset, dtype
  const int64_t rows = c.integer(0), columns = c.integer(1), offset = c.integer(2);
  std::vector<int64_t> row, column;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      if (kLower ? j - i <= offset : j - i >= offset) row.push_back(i), column.push_back(j);
  const auto count = static_cast<int64_t>(row.size());
  row.insert(row.end(), column.begin(), column.end());
  return {b.cast(b.constant_of(DType::I64, {2, count}, row), dtype_of(c, 3, DType::I64))};
}

// Windows of signal processing: w(x) of the position, from 0 to 1.
template <class F>
Results window(Builder& b, const Call& c, bool periodic, size_t dtype, F w) {
  const int64_t n = c.integer(0);
  if (n < 0) throw CompileError("a window of negative length");
  std::vector<double> points;
  for (int64_t i = 0; i < n; ++i) points.push_back(n == 1 ? 1.0 : w(static_cast<double>(i) / static_cast<double>(periodic ? n : n - 1)));
  return {b.cast(b.constant_of(DType::F64, {n}, points), dtype_of(c, dtype, DType::F32))};
}
double cosine(double x, double turns) { return std::cos(2 * std::numbers::pi * turns * x); }
double hann(double x) { return 0.5 - 0.5 * cosine(x, 1); }
double hamming(double x) { return 0.54 - 0.46 * cosine(x, 1); }
double blackman(double x) { return 0.42 - 0.5 * cosine(x, 1) + 0.08 * cosine(x, 2); }
double bartlett(double x) { return 1 - std::abs(2 * x - 1); }

template <double (*w)(double)>
Results periodic_window(Builder& b, const Call& c) {
  return window(b, c, true, 1, w);
}
template <double (*w)(double)>
Results chosen_window(Builder& b, const Call& c) {
  return window(b, c, c.boolean(1), 2, w);
}

}  // namespace

std::vector<Decomposition> create_decompositions() {
  return {
      {"aten::zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       by_size<0, 1>},
      {"aten::ones(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       by_size<1, 1>},
      {"aten::empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
       by_size<0, 1>},
      {"aten::empty_strided(SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       by_size<0, 2>},
      {"aten::empty_permuted(SymInt[] size, int[] physical_layout, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
       "bool? pin_memory=None) -> Tensor",
       by_size<0, 2>},
      {"aten::zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, "
       "MemoryFormat? memory_format=None) -> Tensor",
       like<0>},
      {"aten::ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, "
       "MemoryFormat? memory_format=None) -> Tensor",
       like<1>},
      {"aten::empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, "
       "MemoryFormat? memory_format=None) -> Tensor",
       like<0>},
      {"aten::full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
       full_like},
      {"aten::new_zeros(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       new_by_size<0, 2>},
      {"aten::new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       new_by_size<1, 2>},
      {"aten::new_empty(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       new_by_size<0, 2>},
      {"aten::new_empty_strided(Tensor self, SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       new_by_size<0, 3>},
      {"aten::new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       new_full},
      {"aten::scalar_tensor(Scalar s, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> "
       "Tensor",
       scalar_tensor},
      {"aten::arange(Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
       arange<1>},
      {"aten::arange.start(Scalar start, Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       arange<2>},
      {"aten::logspace(Scalar start, Scalar end, int steps, float base=10., *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       logspace},
      {"aten::tril_indices(int row, int col, int offset=0, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       triangle_indices<true>},
      {"aten::triu_indices(int row, int col, int offset=0, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       triangle_indices<false>},
      {"aten::hann_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) "
       "-> Tensor",
       periodic_window<hann>},
      {"aten::hann_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       chosen_window<hann>},
      {"aten::hamming_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       periodic_window<hamming>},
      {"aten::hamming_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       chosen_window<hamming>},
      {"aten::blackman_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       periodic_window<blackman>},
      {"aten::blackman_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       chosen_window<blackman>},
      {"aten::bartlett_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? "
       "pin_memory=None) -> Tensor",
       periodic_window<bartlett>},
      {"aten::bartlett_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? "
       "device=None, bool? pin_memory=None) -> Tensor",
       chosen_window<bartlett>},
  };
}

}  // namespace etc::compile
