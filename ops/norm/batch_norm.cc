// aten::_native_batch_norm_legit_no_training, …_functional, ….no_stats – each channel by running statistics, or by those of the batch.
#include "ops/norm/moments.h"
#include "ops/norm/parameters.h"
#include "ops/parallel.h"

namespace etc {
namespace {

constexpr uint32_t kWeight = 1, kBias = 2, kMean = 3, kVariance = 4;

// [batch, channels, pixels] of the input and the result, pixels walked as one dimension.
struct Planes {
  int64_t batch, channels, pixels = 1;
  int64_t x[3], y[3];  // strides
};
Planes planes_of(const Tensor& x, const Tensor& y) {
  Planes p{x.sizes[0],
           x.sizes[1],
           1,
           {x.strides[0], x.strides[1], stride_of_joined(x, 2, x.rank)},
           {y.strides[0], y.strides[1], stride_of_joined(y, 2, y.rank)}};
  for (uint32_t d = 2; d < x.rank; ++d) p.pixels *= x.sizes[d];
  return p;
}

template <class F>
void for_each_channel(const Planes& p, const Hooks* hooks, const F& f) {
  const Pieces pieces(p.channels, 8192 / (p.batch * p.pixels + 1) + 1, 256);
  parallel_for(hooks, pieces.count, [&](int64_t piece) {
    for (int64_t c = pieces.begin(piece); c < pieces.end(piece); ++c) f(c);
  });
}

// y = x * factor + shift on one channel.
template <class T>
void scale_channel(const Planes& p, const T* x, T* y, int64_t c, ComputeType<T> factor, ComputeType<T> shift) {
  for (int64_t n = 0; n < p.batch; ++n) {
    const T* px = x + n * p.x[0] + c * p.x[1];
    T* py = y + n * p.y[0] + c * p.y[1];
    if (p.x[2] == 1 && p.y[2] == 1)
      for (int64_t i = 0; i < p.pixels; ++i) store(py + i, load(px + i) * factor + shift);
    else
      for (int64_t i = 0; i < p.pixels; ++i) store(py + i * p.y[2], load(px + i * p.x[2]) * factor + shift);
  }
}

// Mean and variance of one channel over the batch, summed in double.
struct BatchMoments {
  double mean, squares;  // squares: sum of (x - mean)^2
};
template <class T>
BatchMoments moments_of_channel(const Planes& p, const T* x, int64_t c) {
  const auto sum = [&](const auto& f) {
    double total = 0;
    for (int64_t n = 0; n < p.batch; ++n) {
      const T* px = x + n * p.x[0] + c * p.x[1];
      for (int64_t i = 0; i < p.pixels; ++i) total += f(static_cast<double>(load(px + i * p.x[2])));
    }
    return total;
  };
  const double mean = sum([](double v) { return v; }) / static_cast<double>(p.batch * p.pixels);
  return {mean, sum([mean](double v) { return (v - mean) * (v - mean); })};
}

template <class T, class P>
void normalise_channel(OpContext ctx, const Planes& p, uint32_t result, int64_t c, ComputeType<T> mean, ComputeType<T> scale) {
  using C = ComputeType<T>;
  const P *weight = parameter_or_null<P>(ctx, kWeight), *bias = parameter_or_null<P>(ctx, kBias);
  const C factor = weight ? scale * static_cast<C>(load(weight + c)) : scale;
  const C shift = (bias ? static_cast<C>(load(bias + c)) : C{}) - mean * factor;
  scale_channel(p, ctx.tensor(0).as<T>(), ctx.tensor(result).as<T>(), c, factor, shift);
}

template <class T, class P>
void by_running_statistics(OpContext ctx, const Planes& p, uint32_t result, double eps) {
  using C = ComputeType<T>;
  const P *mean = ctx.tensor(kMean).as<P>(), *variance = ctx.tensor(kVariance).as<P>();
  for_each_channel(p, ctx.frame->hooks, [&](int64_t c) {
    const C scale = C{1} / math::sqrt(static_cast<C>(load(variance + c)) + static_cast<C>(eps));
    normalise_channel<T, P>(ctx, p, result, c, static_cast<C>(load(mean + c)), scale);
  });
}

// Results result + 1 and result + 2 get the batch's mean and 1 / sqrt(variance + eps); update(c, moments) may take more from it.
template <class T, class P, class Update>
void by_batch_statistics(OpContext ctx, const Planes& p, uint32_t result, double eps, const Update& update) {
  using C = ComputeType<T>;
  P *means = ctx.tensor(result + 1).as<P>(), *scales = ctx.tensor(result + 2).as<P>();
  for_each_channel(p, ctx.frame->hooks, [&](int64_t c) {
    const BatchMoments m = moments_of_channel(p, ctx.tensor(0).as<T>(), c);
    const double scale = 1 / math::sqrt(m.squares / static_cast<double>(p.batch * p.pixels) + eps);
    means[c] = static_cast<P>(static_cast<C>(m.mean));
    scales[c] = static_cast<P>(static_cast<C>(scale));
    update(c, m);
    normalise_channel<T, P>(ctx, p, result, c, static_cast<C>(m.mean), static_cast<C>(scale));
  });
}

template <class T, class P>
struct NoTraining {
  static Error run(OpContext ctx) noexcept {
    by_running_statistics<T, P>(ctx, planes_of(ctx.tensor(0), ctx.tensor(7)), 7, ctx.real(6));
    return Error::Ok;
  }
};

template <class T, class P>
struct Functional {
  static Error run(OpContext ctx) noexcept {
    using C = ComputeType<T>;
    constexpr uint32_t kResult = 8;
    const Planes p = planes_of(ctx.tensor(0), ctx.tensor(kResult));
    const P *mean = ctx.tensor(kMean).as<P>(), *variance = ctx.tensor(kVariance).as<P>();
    P *new_mean = ctx.tensor(kResult + 3).as<P>(), *new_variance = ctx.tensor(kResult + 4).as<P>();
    const double momentum = ctx.real(6), eps = ctx.real(7);
    if (!ctx.boolean(5)) {
      by_running_statistics<T, P>(ctx, p, kResult, eps);
      for (int64_t c = 0; c < p.channels; ++c) new_mean[c] = mean[c], new_variance[c] = variance[c];
      return Error::Ok;
    }
    by_batch_statistics<T, P>(ctx, p, kResult, eps, [&](int64_t c, const BatchMoments& m) {
      const double unbiased = m.squares / static_cast<double>(p.batch * p.pixels - 1);
      new_mean[c] = static_cast<P>(static_cast<C>(momentum * m.mean + (1 - momentum) * static_cast<double>(load(mean + c))));
      new_variance[c] = static_cast<P>(static_cast<C>(momentum * unbiased + (1 - momentum) * static_cast<double>(load(variance + c))));
    });
    return Error::Ok;
  }
};

template <class T, class P>
struct NoStats {
  static Error run(OpContext ctx) noexcept {
    by_batch_statistics<T, P>(ctx, planes_of(ctx.tensor(0), ctx.tensor(6)), 6, ctx.real(5), [](int64_t, const BatchMoments&) {});
    return Error::Ok;
  }
};

// Checks input and parameters (operands 1 .. parameters); sets result 0 and, as vectors of `saved` elements (-1: one for each channel),
// results 1 and 2.
Error infer_common(InferContext& ctx, uint32_t parameters, int64_t saved, Meta* vector) {
  const Meta x = ctx.meta(0);
  if (x.rank < 2) return Error::BadShape;
  int64_t elements = 1;
  for (uint32_t d = 0; d < x.rank; ++d)
    if (d != 1 && !checked_multiply(elements, x.sizes[d], &elements)) return Error::BadShape;
  DType dtype;
  ETC_TRY(check_parameters(ctx, x.dtype, kWeight, parameters, x.sizes[1], &dtype));
  ETC_TRY(ctx.set_result(0, x));
  *vector = Meta();
  vector->dtype = dtype;
  vector->rank = 1;
  vector->sizes[0] = saved < 0 ? x.sizes[1] : saved;
  ETC_TRY(ctx.set_result(1, *vector));
  ETC_TRY(ctx.set_result(2, *vector));
  vector->sizes[0] = x.sizes[1];
  return Error::Ok;
}
Error infer_no_training(InferContext& ctx) noexcept {
  Meta vector;
  return infer_common(ctx, 4, 0, &vector);
}
Error infer_functional(InferContext& ctx) noexcept {
  Meta vector;
  ETC_TRY(infer_common(ctx, 4, ctx.boolean(5) ? -1 : 0, &vector));
  ETC_TRY(ctx.set_result(3, vector));
  return ctx.set_result(4, vector);
}
Error infer_no_stats(InferContext& ctx) noexcept {
  Meta vector;
  if (!ctx.boolean(3)) return Error::BadArgument;  // there are no statistics but the batch's
  return infer_common(ctx, 2, -1, &vector);
}

template <template <class, class> class K>
Kernel select(OpContext ctx, uint32_t parameters, uint32_t result, uint32_t results) {
  const Tensor &x = ctx.tensor(0), &y = ctx.tensor(result);
  if (!are_joined(x, 2, x.rank) || !are_joined(y, 2, y.rank)) return nullptr;
  if (!are_contiguous(ctx, kWeight, parameters) || !are_contiguous(ctx, result + 1, results - 1)) return nullptr;
  return kernel_for_parameters<K>(x.dtype, parameter_dtype(ctx, x.dtype, kWeight, parameters));
}
Kernel select_no_training(OpContext ctx) noexcept { return select<NoTraining>(ctx, 4, 7, 3); }
Kernel select_functional(OpContext ctx) noexcept { return select<Functional>(ctx, 4, 8, 5); }
Kernel select_no_stats(OpContext ctx) noexcept { return select<NoStats>(ctx, 2, 6, 3); }

}  // namespace

ETC_OP(
    batch_norm_no_training,
    "aten::_native_batch_norm_legit_no_training(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, float "
    "momentum, float eps) -> (Tensor, Tensor, Tensor)",
    infer_no_training, select_no_training, {Promotion::None, 0b1});
ETC_OP(
    batch_norm_functional,
    "aten::_native_batch_norm_legit_functional(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, bool "
    "training, float momentum, float eps) -> (Tensor, Tensor, Tensor, Tensor running_mean_out, Tensor running_var_out)",
    infer_functional, select_functional, {Promotion::None, 0b1});
ETC_OP(batch_norm_no_stats,
       "aten::_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, float momentum, float eps) -> "
       "(Tensor, Tensor, Tensor)",
       infer_no_stats, select_no_stats, {Promotion::None, 0b1});
}  // namespace etc
