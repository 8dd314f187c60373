// aten::gather, scatter(.src, .value), scatter_add, scatter_reduce – an index tensor of self's rank says where along one dimension each of
// its elements reads or writes. The index may be smaller than self in every dimension.
#include "ops/index/indices.h"
#include "ops/iterate.h"
#include "ops/shape/window.h"

namespace etc {
namespace {

// The index fits self (outside of `dim`) and, when given, the source.
Error check_index(const Meta& self, int64_t dim_argument, const Meta& index, const Meta* source) {
  uint32_t dim;
  if (!is_index(index.dtype)) return Error::BadArgument;
  if (!wrap_dimension(dim_argument, self.rank, &dim)) return Error::BadShape;
  int64_t count = 1;
  for (uint32_t d = 0; d < index.rank; ++d) count *= index.sizes[d] != 0;
  if (count == 0) return Error::Ok;
  const uint32_t rank = self.rank ? self.rank : 1;
  auto size = [](const Meta& m, uint32_t d) { return m.rank ? m.sizes[d] : 1; };
  if ((index.rank ? index.rank : 1) != rank || (source && (source->rank ? source->rank : 1) != rank)) return Error::BadShape;
  for (uint32_t d = 0; d < rank; ++d) {
    if (d != dim && size(index, d) > size(self, d)) return Error::BadShape;
    if (source && size(index, d) > size(*source, d)) return Error::BadShape;
  }
  return Error::Ok;
}

// Calls f(k, at, i) for each element of the index: `k` its value, `at` the offset in `along` with `dim` left out, `i` the offset in
// `beside` at the index's own position. Everything is contiguous.
template <class F>
Error for_each_element(const Tensor& index, const Tensor& along, const Tensor& beside, uint32_t dim, F f) {
  const int64_t total = index.numel(), size = along.rank ? along.sizes[dim] : 1;
  int64_t position[kMaxRank] = {};
  for (int64_t n = 0; n < total; ++n) {
    const int64_t k = index_at(index, n);
    if (!is_inside(k, size)) return Error::BadValue;
    int64_t at = 0, i = 0;
    for (uint32_t d = 0; d < index.rank && along.rank; ++d) {
      if (d != dim) at += position[d] * along.strides[d];
      if (beside.rank) i += position[d] * beside.strides[d];
    }
    f(at + (along.rank ? k * along.strides[dim] : 0), i);
    for (uint32_t d = index.rank; d-- > 0 && ++position[d] == index.sizes[d];) position[d] = 0;
  }
  return Error::Ok;
}

uint32_t dim_of(OpContext ctx) {
  uint32_t dim = 0;
  wrap_dimension(ctx.integer(1), ctx.tensor(0).rank, &dim);
  return dim;
}

Error infer_gather(InferContext& ctx) noexcept {
  Meta m = ctx.meta(2);
  const Meta self = ctx.meta(0);
  ETC_TRY(check_index(self, ctx.integer(1), m, nullptr));
  m.dtype = self.dtype;
  return ctx.set_result(0, m);
}

template <class T>
struct Gather {
  static Error run(OpContext ctx) noexcept {
    const Tensor &self = ctx.tensor(0), &result = ctx.tensor(4);
    T* out = result.as<T>();
    return for_each_element(ctx.tensor(2), self, result, dim_of(ctx), [&](int64_t at, int64_t i) { out[i] = self.as<T>()[at]; });
  }
};

Kernel select_gather(OpContext ctx) noexcept { return are_contiguous(ctx, 0, 5) ? kernel_for_width<Gather>(ctx.tensor(0).dtype) : nullptr; }

Error infer_source(InferContext& ctx) noexcept {
  const Meta self = ctx.meta(0), source = ctx.meta(3);
  if (source.dtype != self.dtype) return Error::BadArgument;
  ETC_TRY(check_index(self, ctx.integer(1), ctx.meta(2), &source));
  return ctx.set_result(0, self);
}

Error infer_value(InferContext& ctx) noexcept {
  ETC_TRY(check_index(ctx.meta(0), ctx.integer(1), ctx.meta(2), nullptr));
  return ctx.set_result(0, ctx.meta(0));
}

template <class T>
void start_from_self(OpContext ctx, const Tensor& result) {
  const Tensor& self = ctx.tensor(0);
  if (result.data != self.data) std::memcpy(result.data, self.data, static_cast<size_t>(self.numel()) * sizeof(T));
}

template <class T>
struct Scatter {
  static Error run(OpContext ctx) noexcept {
    const Tensor &source = ctx.tensor(3), &result = ctx.tensor(4);
    start_from_self<T>(ctx, result);
    return for_each_element(ctx.tensor(2), result, source, dim_of(ctx),
                            [&](int64_t at, int64_t i) { result.as<T>()[at] = source.as<T>()[i]; });
  }
};

template <class T>
struct ScatterValue {
  static Error run(OpContext ctx) noexcept {
    const Tensor& result = ctx.tensor(4);
    start_from_self<T>(ctx, result);
    const T value = static_cast<T>(element_bits(ctx, 3, result.dtype));
    return for_each_element(ctx.tensor(2), result, ctx.tensor(2), dim_of(ctx), [&](int64_t at, int64_t) { result.as<T>()[at] = value; });
  }
};

template <class T>
struct ScatterAdd {
  static Error run(OpContext ctx) noexcept {
    const Tensor &source = ctx.tensor(3), &result = ctx.tensor(4);
    start_from_self<T>(ctx, result);
    return for_each_element(ctx.tensor(2), result, source, dim_of(ctx), [&](int64_t at, int64_t i) {
      T& sum = result.as<T>()[at];
      sum = add_elements(sum, source.as<T>()[i]);
    });
  }
};

Kernel select_scatter(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 5) ? kernel_for_width<Scatter>(ctx.tensor(0).dtype) : nullptr;
}
Kernel select_value(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 5) ? kernel_for_width<ScatterValue>(ctx.tensor(0).dtype) : nullptr;
}
Kernel select_add(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 5) ? kernel_for<ScatterAdd>(ctx.tensor(0).dtype, AllTypes{}) : nullptr;
}

enum class Reduce : uint8_t { Sum, Product, Mean, Max, Min, Unknown };
Reduce reduce_of(OpContext ctx) {
  const Span<const char> word = ctx.string(4);
  auto is = [&word](const char* other) { return detail::equals(word.data, static_cast<uint32_t>(word.size), other); };
  return is("sum")    ? Reduce::Sum
         : is("prod") ? Reduce::Product
         : is("mean") ? Reduce::Mean
         : is("amax") ? Reduce::Max
         : is("amin") ? Reduce::Min
                      : Reduce::Unknown;
}

Error infer_reduce(InferContext& ctx) noexcept {
  if (reduce_of(ctx) == Reduce::Unknown) return Error::BadArgument;
  return infer_source(ctx);
}

// NaN wins.
template <class T>
T larger(T a, T b) {
  const auto x = load(&a), y = load(&b);
  return x != x || x > y ? a : b;
}
template <class T>
T smaller(T a, T b) {
  const auto x = load(&a), y = load(&b);
  return x != x || x < y ? a : b;
}

// One pass over the index; `counts` (scratch, one for each element of the result) tells the first write from later ones and what the
// mean divides by.
template <class T>
struct ScatterReduce {
  static Error run(OpContext ctx) noexcept {
    const Tensor &source = ctx.tensor(3), &result = ctx.tensor(6);
    const bool include_self = ctx.boolean(5);
    const Reduce reduce = reduce_of(ctx);
    start_from_self<T>(ctx, result);
    auto* counts = reinterpret_cast<int64_t*>(ctx.scratch());
    const int64_t total = result.numel();
    for (int64_t i = 0; i < total; ++i) counts[i] = include_self;
    T* out = result.as<T>();
    ETC_TRY(for_each_element(ctx.tensor(2), result, source, dim_of(ctx), [&](int64_t at, int64_t i) {
      const T value = source.as<T>()[i], old = out[at];
      if (counts[at]++ == 0) {
        out[at] = value;
        return;
      }
      switch (reduce) {
        case Reduce::Product: out[at] = multiply_elements(old, value); break;
        case Reduce::Max: out[at] = larger(old, value); break;
        case Reduce::Min: out[at] = smaller(old, value); break;
        default: out[at] = add_elements(old, value);
      }
    }));
    if (reduce == Reduce::Mean)
      for (int64_t i = 0; i < total; ++i)
        if (counts[i] > 1) out[i] = divide(out[i], counts[i]);
    return Error::Ok;
  }
  static T divide(T sum, int64_t count) {
    if constexpr (std::is_integral_v<T>) {
      const auto n = static_cast<int64_t>(sum);  // floor division, as PyTorch's
      return static_cast<T>(n / count - (n % count != 0 && n < 0));
    } else {
      return static_cast<T>(load(&sum) / static_cast<ComputeType<T>>(count));
    }
  }
};

Kernel select_reduce(OpContext ctx) noexcept {
  return are_contiguous(ctx, 0, 7) ? kernel_for<ScatterReduce>(ctx.tensor(0).dtype, AllTypes{}) : nullptr;
}
uint64_t reduce_scratch(OpContext ctx) noexcept { return static_cast<uint64_t>(ctx.tensor(0).numel()) * sizeof(int64_t) + sizeof(int64_t); }

constexpr OpTraits kInPlace = {Promotion::None, 1};
constexpr OpTraits kReduce = {Promotion::None, 1, 0, nullptr, reduce_scratch};

}  // namespace

ETC_OP(gather, "aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor", infer_gather, select_gather);
ETC_OP(scatter_src, "aten::scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor", infer_source, select_scatter, kInPlace);
ETC_OP(scatter_value, "aten::scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor", infer_value, select_value,
       kInPlace);
ETC_OP(scatter_add, "aten::scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor", infer_source, select_add, kInPlace);
ETC_OP(scatter_reduce,
       "aten::scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor",
       infer_reduce, select_reduce, kReduce);
}  // namespace etc
