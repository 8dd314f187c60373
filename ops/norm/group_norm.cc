// aten::native_group_norm – each group of channels of each image by its own mean and variance.
#include "ops/norm/moments.h"
#include "ops/norm/parameters.h"
#include "ops/parallel.h"

namespace etc {
namespace {

constexpr uint32_t kWeight = 1, kBias = 2, kImages = 3, kChannels = 4, kPixels = 5, kGroups = 6, kEps = 7, kResult = 8, kMean = 9,
                   kScale = 10;

template <class T, class P>
struct GroupNorm {
  static Error run(OpContext ctx) noexcept {
    using C = ComputeType<T>;
    const int64_t channels = ctx.integer(kChannels), pixels = ctx.integer(kPixels), groups = ctx.integer(kGroups), each = channels / groups;
    const P *weight = parameter_or_null<P>(ctx, kWeight), *bias = parameter_or_null<P>(ctx, kBias);
    const C eps = static_cast<C>(ctx.real(kEps));
    const T* x = ctx.tensor(0).as<T>();
    T* y = ctx.tensor(kResult).as<T>();
    P *means = ctx.tensor(kMean).as<P>(), *scales = ctx.tensor(kScale).as<P>();
    const Pieces pieces(ctx.integer(kImages) * groups, 8192 / (each * pixels + 1) + 1, 256);
    parallel_for(ctx.frame->hooks, pieces.count, [&](int64_t piece) {
      for (int64_t group = pieces.begin(piece); group < pieces.end(piece); ++group) {
        const Moments<T> m = moments_of(x + group * each * pixels, each * pixels);
        const C scale = C{1} / math::sqrt(m.variance + eps);
        means[group] = static_cast<P>(m.mean);
        scales[group] = static_cast<P>(scale);
        for (int64_t c = 0; c < each; ++c) {
          const int64_t channel = group % groups * each + c, at = (group * each + c) * pixels;
          const C factor = weight ? scale * static_cast<C>(load(weight + channel)) : scale;
          const C shift = (bias ? static_cast<C>(load(bias + channel)) : C{}) - m.mean * factor;
          for (int64_t i = 0; i < pixels; ++i) store(y + at + i, load(x + at + i) * factor + shift);
        }
      }
    });
    return Error::Ok;
  }
};

Error infer(InferContext& ctx) noexcept {
  const Meta x = ctx.meta(0);
  const int64_t images = ctx.integer(kImages), channels = ctx.integer(kChannels), pixels = ctx.integer(kPixels),
                groups = ctx.integer(kGroups);
  int64_t stated = 0, elements = 1;
  if (groups < 1 || channels < 0 || channels % groups != 0) return Error::BadArgument;
  if (!checked_multiply(images, channels, &stated) || !checked_multiply(stated, pixels, &stated)) return Error::BadShape;
  for (uint32_t d = 0; d < x.rank; ++d)
    if (!checked_multiply(elements, x.sizes[d], &elements)) return Error::BadShape;
  int64_t statistics = 0;
  if (elements != stated || !checked_multiply(images, groups, &statistics)) return Error::BadShape;
  DType dtype;
  ETC_TRY(check_parameters(ctx, x.dtype, kWeight, 2, channels, &dtype));
  ETC_TRY(ctx.set_result(0, x));
  Meta m;
  m.dtype = dtype;
  m.rank = 2;
  m.sizes[0] = images, m.sizes[1] = groups;
  ETC_TRY(ctx.set_result(1, m));
  return ctx.set_result(2, m);
}

Kernel select(OpContext ctx) noexcept {
  if (!are_contiguous(ctx, 0, 3) || !are_contiguous(ctx, kResult, 3)) return nullptr;
  const DType input = ctx.tensor(0).dtype;
  return kernel_for_parameters<GroupNorm>(input, parameter_dtype(ctx, input, kWeight, 2));
}

}  // namespace

ETC_OP(
    native_group_norm,
    "aten::native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, float eps) -> (Tensor, "
    "Tensor, Tensor)",
    infer, select, {Promotion::None, 0b1});
}  // namespace etc
