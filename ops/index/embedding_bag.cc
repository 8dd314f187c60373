// aten::_embedding_bag – sums, means or maxima of table rows, bag by bag. The results beside the first are what PyTorch's backward pass
// needs; here they have its shapes and the values that inference code reads.
#include "ops/index/indices.h"

namespace etc {
namespace {

constexpr int64_t kSum = 0, kMean = 1, kMax = 2;

Error infer(InferContext& ctx) noexcept {
  const Meta weight = ctx.meta(0), indices = ctx.meta(1), offsets = ctx.meta(2);
  if (!is_index(indices.dtype) || offsets.dtype != indices.dtype) return Error::BadArgument;
  if (weight.rank != 2 || indices.rank != 1 || offsets.rank != 1) return Error::BadShape;
  const int64_t mode = ctx.integer(4), bags = offsets.sizes[0] - (ctx.boolean(7) ? 1 : 0);
  if (mode < kSum || mode > kMax) return Error::BadArgument;
  if (bags < 0) return Error::BadShape;
  if (ctx.has(6)) {
    const Meta factors = ctx.meta(6);
    if (mode != kSum || factors.dtype != weight.dtype) return Error::BadArgument;
    if (factors.rank != 1 || factors.sizes[0] != indices.sizes[0]) return Error::BadShape;
  }
  Meta m = weight;
  m.sizes[0] = bags;
  ETC_TRY(ctx.set_result(0, m));
  Meta which = indices;  // offset2bag: empty when the fast path of a sum does not need it
  which.sizes[0] = mode == kSum ? 0 : indices.sizes[0];
  ETC_TRY(ctx.set_result(1, which));
  Meta sizes = indices;
  sizes.sizes[0] = bags;
  ETC_TRY(ctx.set_result(2, sizes));
  if (mode != kMax) return ctx.set_result(3, sizes);
  Meta best = indices;
  best.rank = 2;
  best.sizes[0] = bags;
  best.sizes[1] = weight.sizes[1];
  return ctx.set_result(3, best);
}

void put(const Tensor& t, int64_t i, int64_t v) {
  if (t.dtype == DType::I32)
    t.as<int32_t>()[i] = static_cast<int32_t>(v);
  else
    t.as<int64_t>()[i] = v;
}

template <class T>
struct Bag {
  static Error run(OpContext ctx) noexcept {
    const Tensor &weight = ctx.tensor(0), &indices = ctx.tensor(1), &offsets = ctx.tensor(2);
    const Tensor &result = ctx.tensor(9), &which = ctx.tensor(10), &sizes = ctx.tensor(11), &best = ctx.tensor(12);
    const int64_t mode = ctx.integer(4), padding = ctx.integer(8), count = indices.sizes[0], bags = result.sizes[0];
    const int64_t rows = weight.sizes[0], width = weight.sizes[1];
    const T* factors = ctx.has(6) ? ctx.tensor(6).as<T>() : nullptr;
    for (int64_t i = 0; i < which.numel(); ++i) put(which, i, 0);
    for (int64_t i = 0; i < best.numel(); ++i) put(best, i, 0);
    for (int64_t bag = 0; bag < bags; ++bag) {
      const int64_t begin = index_at(offsets, bag), end = bag + 1 < offsets.sizes[0] ? index_at(offsets, bag + 1) : count;
      if (begin < 0 || begin > end || end > count) return Error::BadValue;
      int64_t used = 0;
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = index_at(indices, i);
        if (!is_inside(row, rows)) return Error::BadValue;
        if (which.sizes[0]) put(which, i, bag);
        used += row != padding;
      }
      put(sizes, bag, used);
      T* out = result.as<T>() + bag * width;
      for (int64_t e = 0; e < width; ++e) {  // an element at a time, so that small floats sum in float
        ComputeType<T> value{};
        bool first = true;
        for (int64_t i = begin; i < end; ++i) {
          const int64_t row = index_at(indices, i);
          if (!is_inside(row, rows)) return Error::BadValue;
          if (row == padding) continue;
          ComputeType<T> x = load(weight.as<T>() + row * width + e);
          if (factors) x *= load(factors + i);
          if (mode != kMax) {
            value += x;
          } else if (first || x > value || x != x) {
            value = x;
            put(best, bag * width + e, row);
          }
          first = false;
        }
        if (mode == kMean && used) value /= static_cast<ComputeType<T>>(used);
        store(out + e, value);
      }
      if (mode == kMean) put(best, bag, used);
    }
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return are_contiguous(ctx, 0, 13) ? kernel_for<Bag>(ctx.tensor(0).dtype, FloatTypes{}) : nullptr; }

}  // namespace

ETC_OP(embedding_bag,
       "aten::_embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, "
       "Tensor? per_sample_weights=None, bool include_last_offset=False, int padding_idx=-1) -> (Tensor, Tensor, Tensor, Tensor)",
       infer, select);
}  // namespace etc
