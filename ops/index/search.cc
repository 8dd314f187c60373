// aten::bucketize, aten::searchsorted – where in sorted boundaries a value belongs, by bisection.
#include "ops/index/indices.h"

namespace etc {
namespace {

// The first position whose boundary is >= v (right: > v), among n. NaN goes behind everything, as the largest number.
template <class T, class B>
int64_t position_of(T v, const B* boundaries, int64_t n, bool right) {
  int64_t low = 0, high = n;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    const auto b = load(boundaries + middle);
    const bool goes_on = right ? !(b > v) : !(b >= v);
    if (goes_on)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

void put(const Tensor& result, int64_t i, int64_t v) {
  if (result.dtype == DType::I32)
    result.as<int32_t>()[i] = static_cast<int32_t>(v);
  else
    result.as<int64_t>()[i] = v;
}

Error infer_bucketize(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  if (ctx.tensor(1).rank != 1) return Error::BadShape;
  m.dtype = ctx.boolean(2) ? DType::I32 : DType::I64;
  return ctx.set_result(0, m);
}

template <class T>
struct Bucketize {
  static Error run(OpContext ctx) noexcept {
    const Tensor &self = ctx.tensor(0), &boundaries = ctx.tensor(1), &result = ctx.tensor(4);
    const int64_t n = self.numel();
    for (int64_t i = 0; i < n; ++i)
      put(result, i, position_of(load(self.as<T>() + i), boundaries.as<T>(), boundaries.sizes[0], ctx.boolean(3)));
    return Error::Ok;
  }
};

Kernel select_bucketize(OpContext ctx) noexcept {
  if (!are_contiguous(ctx, 0, 2) || !are_contiguous(ctx, 4, 1)) return nullptr;
  return kernel_for<Bucketize>(ctx.tensor(0).dtype, NumberTypes{});
}

Error infer_search(InferContext& ctx) noexcept {
  const Meta sorted = ctx.meta(0);
  Meta m = ctx.meta(1);
  if (sorted.rank == 0 || (sorted.rank != 1 && sorted.rank != m.rank)) return Error::BadShape;
  for (uint32_t d = 0; d + 1 < sorted.rank; ++d)
    if (sorted.sizes[d] != m.sizes[d]) return Error::BadShape;
  if (ctx.has(5)) return Error::BadArgument;  // a sorter
  m.dtype = ctx.boolean(2) ? DType::I32 : DType::I64;
  return ctx.set_result(0, m);
}

template <class T>
struct Search {
  static Error run(OpContext ctx) noexcept {
    const Tensor &sorted = ctx.tensor(0), &self = ctx.tensor(1), &result = ctx.tensor(6);
    const Span<const char> side = ctx.string(4);
    const bool right = side.size ? detail::equals(side.data, static_cast<uint32_t>(side.size), "right") : ctx.boolean(3);
    const int64_t n = self.numel(), length = sorted.sizes[sorted.rank - 1];
    const int64_t row = sorted.rank == 1 || n == 0 ? 0 : self.sizes[self.rank - 1];
    for (int64_t i = 0; i < n; ++i)
      put(result, i, position_of(load(self.as<T>() + i), sorted.as<T>() + (row ? i / row * length : 0), length, right));
    return Error::Ok;
  }
};

Kernel select_search(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 2) && are_contiguous(ctx, 6, 1) ? kernel_for<Search>(ctx.tensor(0).dtype, NumberTypes{}) : nullptr;
}

}  // namespace

ETC_OP(bucketize, "aten::bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
       infer_bucketize, select_bucketize, {Promotion::Same});
ETC_OP(searchsorted,
       "aten::searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? side=None, "
       "Tensor? sorter=None) -> Tensor",
       infer_search, select_search, {Promotion::Same});
}  // namespace etc
