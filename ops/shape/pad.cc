// aten::constant_pad_nd, reflection_pad1d/2d/3d, replication_pad1d/2d/3d – pads are given from the last dimension backwards, a negative
// one crops.
#include "ops/shape/window.h"

namespace etc {
namespace {

// Sizes after padding the last pads.size / 2 dimensions.
Error padded(const Tensor& t, Ints pads, Meta* out) {
  if (pads.size % 2 || pads.size / 2 > t.rank) return Error::BadShape;
  *out = InferContext::meta(t);
  for (uint32_t p = 0; p < pads.size / 2; ++p) {
    const uint32_t d = t.rank - 1 - p;
    int64_t size;
    if (__builtin_add_overflow(t.sizes[d], pads[2 * p], &size) || __builtin_add_overflow(size, pads[2 * p + 1], &size) || size < 0)
      return Error::BadShape;
    out->sizes[d] = size;
  }
  return Error::Ok;
}

Error infer_constant(InferContext& ctx) noexcept {
  Meta m;
  ETC_TRY(padded(ctx.tensor(0), ctx.ints(1), &m));
  return ctx.set_result(0, m);
}

template <class T>
struct ConstantPad {
  static Error run(OpContext ctx) noexcept {
    const Tensor &self = ctx.tensor(0), &result = ctx.tensor(3);
    const Ints pads = ctx.ints(1);
    fill_window<T>(result, static_cast<T>(element_bits(ctx, 2, self.dtype)));
    int64_t sizes[kMaxRank];
    Tensor from = self, to = result;
    from.sizes = to.sizes = sizes;
    ptrdiff_t read = 0, write = 0;
    for (uint32_t d = 0; d < self.rank; ++d) {
      const uint32_t p = self.rank - 1 - d;
      const int64_t before = p < pads.size / 2 ? pads[2 * p] : 0, after = p < pads.size / 2 ? pads[2 * p + 1] : 0;
      sizes[d] = self.sizes[d] + (before < 0 ? before : 0) + (after < 0 ? after : 0);
      if (sizes[d] <= 0) return Error::Ok;
      if (before < 0) read -= static_cast<ptrdiff_t>(before * self.strides[d]);
      if (before > 0) write += static_cast<ptrdiff_t>(before * result.strides[d]);
    }
    from.data = self.as<T>() + read;
    to.data = result.as<T>() + write;
    copy_window<T>(to, from);
    return Error::Ok;
  }
};

Kernel select_constant(OpContext ctx) noexcept { return kernel_for_width<ConstantPad>(ctx.tensor(0).dtype); }

// Where an edge pad reads: Reflect mirrors without repeating the edge, else the edge itself repeats.
template <bool Reflect>
int64_t source_index(int64_t i, int64_t size) {
  if (!Reflect) return i < 0 ? 0 : i >= size ? size - 1 : i;
  if (i < 0) i = -i;
  return i >= size ? 2 * (size - 1) - i : i;
}

template <uint32_t N, bool Reflect>
Error infer_edge(InferContext& ctx) noexcept {
  const Tensor& self = ctx.tensor(0);
  const Ints pads = ctx.ints(1);
  if (pads.size != 2 * N || (self.rank != N + 1 && self.rank != N + 2)) return Error::BadShape;
  for (uint32_t p = 0; p < N; ++p) {
    const int64_t size = self.sizes[self.rank - 1 - p];
    for (uint32_t side = 0; side < 2; ++side) {
      const int64_t pad = pads[2 * p + side];
      if (pad > 0 && size == 0) return Error::BadShape;
      if (Reflect && pad >= size) return Error::BadShape;
      if (pad < -size) return Error::BadShape;
    }
  }
  Meta m;
  ETC_TRY(padded(self, pads, &m));
  return ctx.set_result(0, m);
}

template <uint32_t N, bool Reflect>
struct Edge {
  template <class T>
  struct Pad {
    static Error run(OpContext ctx) noexcept {
      const Tensor &self = ctx.tensor(0), &result = ctx.tensor(2);
      const Ints pads = ctx.ints(1);
      const int64_t total = result.numel();
      if (total == 0) return Error::Ok;
      const uint32_t rank = result.rank;
      const int64_t width = result.sizes[rank - 1], before = pads[0];
      int64_t index[kMaxRank] = {};
      T* out = result.as<T>();
      for (int64_t row = 0; row < total / width; ++row, out += width) {
        const T* in = self.as<T>();
        for (uint32_t d = 0; d + 1 < rank; ++d) {
          const uint32_t p = rank - 1 - d;
          const int64_t i = p < N ? source_index<Reflect>(index[d] - pads[2 * p], self.sizes[d]) : index[d];
          in += i * self.strides[d];
        }
        const int64_t size = self.sizes[rank - 1], step = self.strides[rank - 1];
        for (int64_t i = 0; i < width; ++i) out[i] = in[source_index<Reflect>(i - before, size) * step];
        for (uint32_t d = rank - 1; d-- > 0 && ++index[d] == result.sizes[d];) index[d] = 0;
      }
      return Error::Ok;
    }
  };
  static Kernel select(OpContext ctx) noexcept { return are_contiguous(ctx, 2, 1) ? kernel_for_width<Pad>(ctx.tensor(0).dtype) : nullptr; }
};

}  // namespace

ETC_OP(constant_pad_nd, "aten::constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor", infer_constant, select_constant);
ETC_OP(reflection_pad1d, "aten::reflection_pad1d(Tensor self, SymInt[2] padding) -> Tensor", infer_edge<1, true>, Edge<1, true>::select);
ETC_OP(reflection_pad2d, "aten::reflection_pad2d(Tensor self, SymInt[4] padding) -> Tensor", infer_edge<2, true>, Edge<2, true>::select);
ETC_OP(reflection_pad3d, "aten::reflection_pad3d(Tensor self, SymInt[6] padding) -> Tensor", infer_edge<3, true>, Edge<3, true>::select);
ETC_OP(replication_pad1d, "aten::replication_pad1d(Tensor self, SymInt[2] padding) -> Tensor", infer_edge<1, false>,
       Edge<1, false>::select);
ETC_OP(replication_pad2d, "aten::replication_pad2d(Tensor self, SymInt[4] padding) -> Tensor", infer_edge<2, false>,
       Edge<2, false>::select);
ETC_OP(replication_pad3d, "aten::replication_pad3d(Tensor self, SymInt[6] padding) -> Tensor", infer_edge<3, false>,
       Edge<3, false>::select);
}  // namespace etc
