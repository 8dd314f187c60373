// aten::sort, aten::topk – along one dimension, with the positions that the values had. Stable, so that ties keep their order;
// NaN counts as the largest number.
#include "ops/index/indices.h"

namespace etc {
namespace {

template <class T>
bool is_nan(T v) {
  return v != v;
}

// True when a comes strictly before b.
template <bool Descending, class C>
bool comes_before(C a, C b) {
  return Descending ? (a > b || (is_nan(a) && !is_nan(b))) : (a < b || (is_nan(b) && !is_nan(a)));
}

// Sorts order[0, n), positions in a line of values `step` apart, by merging runs bottom up; `other` has room for n as well.
// Returns the one of the two that holds the answer.
template <bool Descending, class T>
const int64_t* merge_sort(const T* line, int64_t step, int64_t n, int64_t* order, int64_t* other) {
  for (int64_t i = 0; i < n; ++i) order[i] = i;
  for (int64_t run = 1; run < n; run *= 2) {
    for (int64_t start = 0; start < n; start += 2 * run) {
      const int64_t middle = start + run < n ? start + run : n, end = middle + run < n ? middle + run : n;
      int64_t a = start, b = middle;
      for (int64_t out = start; out < end; ++out) {
        const bool take_b =
            a == middle || (b < end && comes_before<Descending>(load(line + order[b] * step), load(line + order[a] * step)));
        other[out] = order[take_b ? b++ : a++];
      }
    }
    int64_t* swap = order;
    order = other;
    other = swap;
  }
  return order;
}

// The first `keep` of each sorted line go to values and indices.
template <class T>
Error sort_lines(OpContext ctx, const Tensor& self, uint32_t dim, bool descending, const Tensor& values, const Tensor& indices) {
  const Split at = split_at(self, dim);
  const int64_t keep = values.rank ? values.sizes[dim] : 1;
  auto* order = reinterpret_cast<int64_t*>(ctx.scratch());
  for (int64_t o = 0; o < at.outer; ++o)
    for (int64_t i = 0; i < at.inner; ++i) {
      const T* line = self.as<T>() + o * at.size * at.inner + i;
      const int64_t* sorted = descending ? merge_sort<true>(line, at.inner, at.size, order, order + at.size)
                                         : merge_sort<false>(line, at.inner, at.size, order, order + at.size);
      T* value = values.as<T>() + o * keep * at.inner + i;
      int64_t* index = indices.as<int64_t>() + o * keep * at.inner + i;
      for (int64_t k = 0; k < keep; ++k) {
        value[k * at.inner] = line[sorted[k] * at.inner];
        index[k * at.inner] = sorted[k];
      }
    }
  return Error::Ok;
}

uint64_t scratch_for(const Tensor& self, int64_t dim_argument) {
  uint32_t dim;
  if (!wrap_dimension(dim_argument, self.rank, &dim)) return 0;
  return static_cast<uint64_t>(self.rank ? self.sizes[dim] : 1) * 2 * sizeof(int64_t) + sizeof(int64_t);
}

Error infer_sort(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  uint32_t dim;
  if (!wrap_dimension(ctx.integer(2), m.rank, &dim)) return Error::BadShape;
  ETC_TRY(ctx.set_result(0, m));
  m.dtype = DType::I64;
  return ctx.set_result(1, m);
}

template <class T>
struct Sort {
  static Error run(OpContext ctx) noexcept {
    const Tensor& self = ctx.tensor(0);
    uint32_t dim;
    if (!wrap_dimension(ctx.integer(2), self.rank, &dim)) return Error::BadShape;
    return sort_lines<T>(ctx, self, dim, ctx.boolean(3), ctx.tensor(4), ctx.tensor(5));
  }
};

Kernel select_sort(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 6) ? kernel_for<Sort>(ctx.tensor(0).dtype, AllTypes{}) : nullptr;
}
uint64_t sort_scratch(OpContext ctx) noexcept { return scratch_for(ctx.tensor(0), ctx.integer(2)); }

Error infer_topk(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  uint32_t dim;
  const int64_t k = ctx.integer(1);
  if (!wrap_dimension(ctx.integer(2), m.rank, &dim)) return Error::BadShape;
  if (k < 0 || k > (m.rank ? m.sizes[dim] : 1)) return Error::BadShape;
  if (m.rank)
    m.sizes[dim] = k;
  else if (k != 1)
    return Error::BadShape;
  ETC_TRY(ctx.set_result(0, m));
  m.dtype = DType::I64;
  return ctx.set_result(1, m);
}

template <class T>
struct TopK {
  static Error run(OpContext ctx) noexcept {
    const Tensor& self = ctx.tensor(0);
    uint32_t dim;
    if (!wrap_dimension(ctx.integer(2), self.rank, &dim)) return Error::BadShape;
    return sort_lines<T>(ctx, self, dim, ctx.boolean(3), ctx.tensor(5), ctx.tensor(6));
  }
};

Kernel select_topk(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 7) ? kernel_for<TopK>(ctx.tensor(0).dtype, AllTypes{}) : nullptr;
}
uint64_t topk_scratch(OpContext ctx) noexcept { return scratch_for(ctx.tensor(0), ctx.integer(2)); }

}  // namespace

ETC_OP(sort_stable, "aten::sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
       infer_sort, select_sort, {Promotion::None, 0, 0, nullptr, sort_scratch});
ETC_OP(topk, "aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)",
       infer_topk, select_topk, {Promotion::None, 0, 0, nullptr, topk_scratch});
}  // namespace etc
