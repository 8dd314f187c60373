// aten::native_layer_norm, aten::rms_norm – each row (the last dimensions) by its own mean and variance, or by its root mean square.
#include "ops/norm/moments.h"
#include "ops/norm/parameters.h"
#include "ops/parallel.h"

namespace etc {
namespace {

// Rows: the dimensions before normalized_shape, and the elements that it covers.
struct RowShape {
  int64_t rows = 1, length = 1, x_row = 0, y_row = 0;
};
RowShape row_shape(const Tensor& x, const Tensor& y, uint32_t normalized) {
  const uint32_t outer = x.rank - normalized;
  RowShape s;
  for (uint32_t d = 0; d < x.rank; ++d) (d < outer ? s.rows : s.length) *= x.sizes[d];
  s.x_row = stride_of_joined(x, 0, outer);
  s.y_row = stride_of_joined(y, 0, outer);
  return s;
}
bool has_dense_rows(const Tensor& t, uint32_t normalized) {
  return are_joined(t, 0, t.rank - normalized) && are_dense(t, t.rank - normalized, t.rank);
}

template <class F>
void for_each_row(const RowShape& s, const Hooks* hooks, const F& f) {
  const Pieces pieces(s.rows, 8192 / (s.length + 1) + 1, 256);
  parallel_for(hooks, pieces.count, [&](int64_t piece) {
    for (int64_t row = pieces.begin(piece); row < pieces.end(piece); ++row) f(row);
  });
}

template <class T, class P>
struct LayerNorm {
  static Error run(OpContext ctx) noexcept {
    using C = ComputeType<T>;
    const Tensor &x = ctx.tensor(0), &y = ctx.tensor(5);
    const RowShape s = row_shape(x, y, ctx.ints(1).size);
    const P *weight = parameter_or_null<P>(ctx, 2), *bias = parameter_or_null<P>(ctx, 3);
    const C eps = static_cast<C>(ctx.real(4));
    P *means = ctx.tensor(6).as<P>(), *scales = ctx.tensor(7).as<P>();
    for_each_row(s, ctx.frame->hooks, [&](int64_t row) {
      const T* px = x.as<T>() + row * s.x_row;
      T* py = y.as<T>() + row * s.y_row;
      const Moments<T> m = moments_of(px, s.length);
      const C scale = C{1} / math::sqrt(m.variance + eps), mean = m.mean;
      means[row] = static_cast<P>(mean);
      scales[row] = static_cast<P>(scale);
      for (int64_t i = 0; i < s.length; ++i) {
        C v = (load(px + i) - mean) * scale;
        if (weight) v *= static_cast<C>(load(weight + i));
        if (bias) v += static_cast<C>(load(bias + i));
        store(py + i, v);
      }
    });
    return Error::Ok;
  }
};

template <class T, class P>
struct RmsNorm {
  static Error run(OpContext ctx) noexcept {
    using C = ComputeType<T>;
    const Tensor &x = ctx.tensor(0), &y = ctx.tensor(4);
    const RowShape s = row_shape(x, y, ctx.ints(1).size);
    const P* weight = parameter_or_null<P>(ctx, 2);
    // The default is the epsilon of the type that is computed in.
    const C eps = ctx.has(3) ? static_cast<C>(ctx.real(3)) : static_cast<C>(sizeof(C) == 4 ? 0x1p-23 : 0x1p-52);
    for_each_row(s, ctx.frame->hooks, [&](int64_t row) {
      const T* px = x.as<T>() + row * s.x_row;
      T* py = y.as<T>() + row * s.y_row;
      const C scale = C{1} / math::sqrt(sum_of(px, s.length, [](C v) { return v * v; }) / static_cast<C>(s.length) + eps);
      for (int64_t i = 0; i < s.length; ++i) {
        const C v = load(px + i) * scale;
        store(py + i, weight ? v * static_cast<C>(load(weight + i)) : v);
      }
    });
    return Error::Ok;
  }
};

// normalized_shape must be the end of the input's sizes, and each parameter has it.
Error check_rows(const InferContext& ctx, uint32_t first_parameter, uint32_t parameters, DType* dtype) {
  const Meta x = ctx.meta(0);
  const Ints shape = ctx.ints(1);
  if (shape.size < 1 || shape.size > x.rank) return Error::BadShape;
  for (uint32_t d = 0; d < shape.size; ++d)
    if (shape[d] != x.sizes[x.rank - shape.size + d]) return Error::BadShape;
  *dtype = x.dtype;
  if (x.dtype != DType::F32 && x.dtype != DType::F64 && !is_half(x.dtype)) return Error::BadArgument;
  bool found = false;
  for (uint32_t i = first_parameter; i < first_parameter + parameters; ++i) {
    if (!ctx.has(i)) continue;
    const Meta m = ctx.meta(i);
    if (m.rank != shape.size) return Error::BadShape;
    for (uint32_t d = 0; d < m.rank; ++d)
      if (m.sizes[d] != shape[d]) return Error::BadShape;
    if (m.dtype != x.dtype && !(m.dtype == DType::F32 && is_half(x.dtype))) return Error::BadArgument;
    if (found && m.dtype != *dtype) return Error::BadArgument;
    *dtype = m.dtype;
    found = true;
  }
  return Error::Ok;
}

Error infer_layer_norm(InferContext& ctx) noexcept {
  DType dtype;
  ETC_TRY(check_rows(ctx, 2, 2, &dtype));
  Meta m = ctx.meta(0);
  ETC_TRY(ctx.set_result(0, m));
  m.dtype = dtype;
  for (uint32_t d = m.rank - ctx.ints(1).size; d < m.rank; ++d) m.sizes[d] = 1;
  ETC_TRY(ctx.set_result(1, m));
  return ctx.set_result(2, m);
}
Error infer_rms_norm(InferContext& ctx) noexcept {
  DType dtype;
  ETC_TRY(check_rows(ctx, 2, 1, &dtype));
  return ctx.set_result(0, ctx.meta(0));
}

Kernel select_layer_norm(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(0), &y = ctx.tensor(5);
  const uint32_t normalized = ctx.ints(1).size;
  if (!has_dense_rows(x, normalized) || !has_dense_rows(y, normalized) || !are_contiguous(ctx, 2, 2) || !are_contiguous(ctx, 6, 2))
    return nullptr;
  return kernel_for_parameters<LayerNorm>(x.dtype, parameter_dtype(ctx, x.dtype, 2, 2));
}
Kernel select_rms_norm(OpContext ctx) noexcept {
  const Tensor &x = ctx.tensor(0), &y = ctx.tensor(4);
  const uint32_t normalized = ctx.ints(1).size;
  if (!has_dense_rows(x, normalized) || !has_dense_rows(y, normalized) || !are_contiguous(ctx, 2, 1)) return nullptr;
  return kernel_for_parameters<RmsNorm>(x.dtype, parameter_dtype(ctx, x.dtype, 2, 1));
}

}  // namespace

ETC_OP(
    native_layer_norm,
    "aten::native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)",
    infer_layer_norm, select_layer_norm, {Promotion::None, 0b1});
ETC_OP(rms_norm, "aten::rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor", infer_rms_norm,
       select_rms_norm, {Promotion::None, 0b1});
}  // namespace etc
