// aten::index_select – slices along a dimension, picked by a 1-d index; aten::embedding – rows of a table, picked by any index.
#include "ops/index/indices.h"

namespace etc {
namespace {

Error infer_select(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  const Meta index = ctx.meta(2);
  uint32_t dim;
  if (!is_index(index.dtype)) return Error::BadArgument;
  if (index.rank > 1 || !wrap_dimension(ctx.integer(1), m.rank, &dim)) return Error::BadShape;
  if (m.rank)
    m.sizes[dim] = index.rank ? index.sizes[0] : 1;
  else if (index.rank && index.sizes[0] != 1)
    return Error::BadShape;
  return ctx.set_result(0, m);
}

// `outer` times: for each index the `inner` elements at it.
template <class T>
Error pick(const Tensor& table, Split at, const Tensor& index, T* out) {
  const int64_t count = index.numel();
  const T* in = table.as<T>();
  for (int64_t o = 0; o < at.outer; ++o, in += at.size * at.inner)
    for (int64_t i = 0; i < count; ++i, out += at.inner) {
      const int64_t k = index_at(index, i);
      if (!is_inside(k, at.size)) return Error::BadValue;
      std::memcpy(out, in + k * at.inner, static_cast<size_t>(at.inner) * sizeof(T));
    }
  return Error::Ok;
}

template <class T>
struct Select {
  static Error run(OpContext ctx) noexcept {
    const Tensor& self = ctx.tensor(0);
    uint32_t dim;
    if (!wrap_dimension(ctx.integer(1), self.rank, &dim)) return Error::BadShape;
    return pick(self, split_at(self, dim), ctx.tensor(2), ctx.tensor(3).as<T>());
  }
};

Kernel select_select(OpContext ctx) noexcept { return are_contiguous(ctx, 0, 4) ? kernel_for_width<Select>(ctx.tensor(0).dtype) : nullptr; }

Error infer_embedding(InferContext& ctx) noexcept {
  const Meta weight = ctx.meta(0), indices = ctx.meta(1);
  if (!is_index(indices.dtype)) return Error::BadArgument;
  if (weight.rank != 2 || indices.rank >= kMaxRank) return Error::BadShape;
  Meta m = indices;
  m.dtype = weight.dtype;
  m.sizes[m.rank++] = weight.sizes[1];
  return ctx.set_result(0, m);
}

template <class T>
struct Embedding {
  static Error run(OpContext ctx) noexcept {
    const Tensor& weight = ctx.tensor(0);
    return pick(weight, split_at(weight, 0), ctx.tensor(1), ctx.tensor(5).as<T>());
  }
};

Kernel select_embedding(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 2) && are_contiguous(ctx, 5, 1) ? kernel_for_width<Embedding>(ctx.tensor(0).dtype) : nullptr;
}

}  // namespace

ETC_OP(index_select, "aten::index_select(Tensor self, int dim, Tensor index) -> Tensor", infer_select, select_select);
ETC_OP(embedding,
       "aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor",
       infer_embedding, select_embedding);
}  // namespace etc
