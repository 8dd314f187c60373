// aten::index_add, aten::index_copy – slices of `source` added to or written over the slices of self that a 1-d index names.
#include "ops/index/indices.h"
#include "ops/iterate.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0), index = ctx.meta(2), source = ctx.meta(3);
  uint32_t dim;
  if (!is_index(index.dtype) || source.dtype != m.dtype) return Error::BadArgument;
  if (index.rank > 1 || source.rank != m.rank || !wrap_dimension(ctx.integer(1), m.rank, &dim)) return Error::BadShape;
  const int64_t count = index.rank ? index.sizes[0] : 1;
  for (uint32_t d = 0; d < m.rank; ++d)
    if (source.sizes[d] != (d == dim ? count : m.sizes[d])) return Error::BadShape;
  if (m.rank == 0 && count != 1) return Error::BadShape;
  return ctx.set_result(0, m);
}

template <class T, class Combine>
Error along(OpContext ctx, const Tensor& result, Combine combine) {
  const Tensor &self = ctx.tensor(0), &index = ctx.tensor(2), &source = ctx.tensor(3);
  uint32_t dim;
  if (!wrap_dimension(ctx.integer(1), self.rank, &dim)) return Error::BadShape;
  if (result.data != self.data) map<T, T>([](auto x) { return x; }, result, self);
  const Split at = split_at(self, dim);
  const int64_t count = index.numel();
  const T* in = source.as<T>();
  for (int64_t o = 0; o < at.outer; ++o)
    for (int64_t i = 0; i < count; ++i, in += at.inner) {
      const int64_t k = index_at(index, i);
      if (!is_inside(k, at.size)) return Error::BadValue;
      T* out = result.as<T>() + (o * at.size + k) * at.inner;
      for (int64_t e = 0; e < at.inner; ++e) out[e] = combine(out[e], in[e]);
    }
  return Error::Ok;
}

template <class T>
struct Copy {
  static Error run(OpContext ctx) noexcept {
    return along<T>(ctx, ctx.tensor(4), [](T, T value) { return value; });
  }
};

template <class T>
struct Add {
  static Error run(OpContext ctx) noexcept {
    T alpha;
    if constexpr (std::is_integral_v<T>)
      alpha = static_cast<T>(ctx.integer(4));
    else
      alpha = static_cast<T>(static_cast<ComputeType<T>>(ctx.real(4)));
    return along<T>(ctx, ctx.tensor(5), [alpha](T old, T value) { return add_elements(old, multiply_elements(alpha, value)); });
  }
};

Kernel select_copy(OpContext ctx) noexcept { return are_contiguous(ctx, 0, 5) ? kernel_for_width<Copy>(ctx.tensor(0).dtype) : nullptr; }
Kernel select_add(OpContext ctx) noexcept { return are_contiguous(ctx, 0, 6) ? kernel_for<Add>(ctx.tensor(0).dtype, AllTypes{}) : nullptr; }

}  // namespace

ETC_OP(index_copy, "aten::index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor", infer, select_copy,
       {Promotion::None, 1});
ETC_OP(index_add, "aten::index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor", infer, select_add,
       {Promotion::None, 1});
}  // namespace etc
