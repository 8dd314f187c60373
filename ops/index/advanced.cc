// etc::index, etc::index_put – indexing by tensors of integers (NumPy's advanced indexing). aten::index and aten::index_put become these
// once masks are resolved to integers. Negative indices count from the end.
#include "ops/index/indices.h"
#include "ops/iterate.h"

namespace etc {
namespace {

// The shape of x[i, :, j]: the broadcast index takes the place of the indexed dimensions when these lie side by side, else it comes first.
struct Plan {
  uint32_t rank = 0;  // of the result
  int64_t sizes[kMaxRank];
  uint32_t index_rank = 0;  // of the broadcast index
  int64_t index_sizes[kMaxRank];
  uint32_t index_at = 0;  // its first dimension in the result
  uint32_t kept = 0;      // dimensions of self that are not indexed, in order
  uint32_t kept_dims[kMaxRank];
};

Error plan_index(const Tensor& self, const Tensors& list, Plan* plan) {
  if (list.size > self.rank) return Error::BadShape;
  Meta broadcast;
  uint32_t first = kMaxRank, last = 0, count = 0;
  for (uint32_t d = 0; d < list.size; ++d) {
    if (!list.has(d)) continue;
    if (!is_index(list[d].dtype)) return Error::BadArgument;
    ETC_TRY(broadcast_sizes(broadcast, InferContext::meta(list[d]), &broadcast));
    if (first == kMaxRank) first = d;
    last = d;
    ++count;
  }
  if (count == 0) return Error::BadArgument;
  const bool side_by_side = last - first + 1 == count;
  plan->index_rank = broadcast.rank;
  for (uint32_t d = 0; d < broadcast.rank; ++d) plan->index_sizes[d] = broadcast.sizes[d];
  if (self.rank - count + broadcast.rank > kMaxRank) return Error::BadShape;
  auto add_index = [&] {
    plan->index_at = plan->rank;
    for (uint32_t d = 0; d < broadcast.rank; ++d) plan->sizes[plan->rank++] = broadcast.sizes[d];
  };
  if (!side_by_side) add_index();
  for (uint32_t d = 0; d < self.rank; ++d) {
    if (d < list.size && list.has(d)) {
      if (side_by_side && d == first) add_index();
      continue;
    }
    plan->kept_dims[plan->kept++] = d;
    plan->sizes[plan->rank++] = self.sizes[d];
  }
  return Error::Ok;
}

// Calls f(offset in self, offset in the result's layout) for each index position; both are of the window of kept dimensions.
// `strides` are those of the result-shaped tensor.
template <class F>
Error for_each_index(const Tensor& self, const Tensors& list, const Plan& plan, const int64_t* strides, F f) {
  int64_t position[kMaxRank] = {};
  int64_t count = 1;
  for (uint32_t d = 0; d < plan.index_rank; ++d) count *= plan.index_sizes[d];
  for (int64_t n = 0; n < count; ++n) {
    int64_t offset = 0, at = 0;
    for (uint32_t d = 0; d < list.size; ++d) {
      if (!list.has(d)) continue;
      const Tensor& index = list[d];
      int64_t element = 0;
      for (uint32_t k = 0; k < plan.index_rank; ++k) element += position[k] * broadcast_stride(index, k, plan.index_rank);
      int64_t i = index_at(index, element);
      if (i < 0) i += self.sizes[d];
      if (!is_inside(i, self.sizes[d])) return Error::BadValue;
      offset += i * self.strides[d];
    }
    for (uint32_t k = 0; k < plan.index_rank; ++k) at += position[k] * strides[plan.index_at + k];
    f(offset, at);
    for (uint32_t k = plan.index_rank; k-- > 0 && ++position[k] == plan.index_sizes[k];) position[k] = 0;
  }
  return Error::Ok;
}

// The kept dimensions as a window: of self, and of a tensor shaped like the result.
struct Windows {
  int64_t sizes[kMaxRank], self_strides[kMaxRank], other_strides[kMaxRank];
  Windows(const Tensor& self, const Plan& plan, const int64_t* strides) {
    for (uint32_t k = 0; k < plan.kept; ++k) {
      sizes[k] = self.sizes[plan.kept_dims[k]];
      self_strides[k] = self.strides[plan.kept_dims[k]];
      const uint32_t d = k < plan.index_at ? k : k + plan.index_rank;  // index_at kept dimensions come before the index
      other_strides[k] = strides[d];
    }
  }
  Tensor of(const Tensor& model, void* data, const int64_t* strides, uint32_t rank) const {
    Tensor t = model;
    t.data = data;
    t.sizes = sizes;
    t.strides = strides;
    t.rank = static_cast<uint8_t>(rank);
    return t;
  }
};

Error infer_index(InferContext& ctx) noexcept {
  Plan plan;
  ETC_TRY(plan_index(ctx.tensor(0), ctx.tensors(1), &plan));
  Meta m;
  m.dtype = ctx.tensor(0).dtype;
  m.rank = static_cast<uint8_t>(plan.rank);
  for (uint32_t d = 0; d < plan.rank; ++d) m.sizes[d] = plan.sizes[d];
  return ctx.set_result(0, m);
}

template <class T>
struct Index {
  static Error run(OpContext ctx) noexcept {
    const Tensor &self = ctx.tensor(0), &result = ctx.tensor(2);
    Plan plan;
    ETC_TRY(plan_index(self, ctx.tensors(1), &plan));
    const Windows w(self, plan, result.strides);
    return for_each_index(self, ctx.tensors(1), plan, result.strides, [&](int64_t offset, int64_t at) {
      map<T, T>([](T x) { return x; }, w.of(result, result.as<T>() + at, w.other_strides, plan.kept),
                w.of(self, self.as<T>() + offset, w.self_strides, plan.kept));
    });
  }
};

Kernel select_index(OpContext ctx) noexcept { return kernel_for_width<Index>(ctx.tensor(0).dtype); }

Error infer_put(InferContext& ctx) noexcept {
  Plan plan;
  ETC_TRY(plan_index(ctx.tensor(0), ctx.tensors(1), &plan));
  const Meta values = ctx.meta(2);
  if (values.dtype != ctx.tensor(0).dtype) return Error::BadArgument;
  if (values.rank > plan.rank) return Error::BadShape;
  for (uint32_t d = 0; d < values.rank; ++d) {
    const int64_t have = values.sizes[values.rank - 1 - d];
    if (have != 1 && have != plan.sizes[plan.rank - 1 - d]) return Error::BadShape;
  }
  return ctx.set_result(0, ctx.meta(0));
}

template <class T>
struct Add {
  static T combine(T old, T value) { return add_elements(old, value); }
};
template <class T>
struct Replace {
  static T combine(T, T value) { return value; }
};

template <template <class> class Combine>
struct Put {
  template <class T>
  struct Kernel {
    static Error run(OpContext ctx) noexcept {
      const Tensor &self = ctx.tensor(0), &values = ctx.tensor(2), &result = ctx.tensor(4);
      Plan plan;
      ETC_TRY(plan_index(self, ctx.tensors(1), &plan));
      if (result.data != self.data) map<T, T>([](auto x) { return x; }, result, self);
      // Strides of `values` as if it had the shape of the indexed part.
      int64_t strides[kMaxRank];
      for (uint32_t d = 0; d < plan.rank; ++d) {
        const uint32_t back = plan.rank - d;
        strides[d] = values.rank < back || values.sizes[values.rank - back] == 1 ? 0 : values.strides[values.rank - back];
      }
      const Windows w(result, plan, strides);
      return for_each_index(result, ctx.tensors(1), plan, strides, [&](int64_t offset, int64_t at) {
        const Tensor to = w.of(result, result.as<T>() + offset, w.self_strides, plan.kept);
        const Tensor from = w.of(values, values.as<T>() + at, w.other_strides, plan.kept);
        map<T, T, T>([](auto old, auto value) { return Combine<ComputeType<T>>::combine(old, value); }, to, to, from);
      });
    }
  };
};

Kernel select_put(OpContext ctx) noexcept {
  // Contiguous, so that a result on self's place has its strides.
  if (!are_contiguous(ctx, 0, 1) || !are_contiguous(ctx, 4, 1)) return nullptr;
  const DType dtype = ctx.tensor(0).dtype;
  return ctx.boolean(3) ? kernel_for<Put<Add>::Kernel>(dtype, AllTypes{}) : kernel_for_width<Put<Replace>::Kernel>(dtype);
}

}  // namespace

ETC_OP(index, "etc::index(Tensor self, Tensor?[] indices) -> Tensor", infer_index, select_index);
ETC_OP(index_put, "etc::index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor", infer_put, select_put,
       {Promotion::None, 1});
}  // namespace etc
