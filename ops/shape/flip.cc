// aten::flip – the order of elements reversed along dimensions; aten::roll – elements moved along dimensions, those that fall off come
// in at the other end.
#include "ops/shape/window.h"

namespace etc {
namespace {

Error infer_flip(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0);
  const Ints dims = ctx.ints(1);
  uint32_t seen = 0;
  for (uint32_t i = 0; i < dims.size; ++i) {
    uint32_t d;
    if (!wrap_dimension(dims[i], m.rank, &d) || (seen >> d & 1)) return Error::BadShape;
    seen |= 1u << d;
  }
  return ctx.set_result(0, m);
}

// The result is written along negative strides from its far end.
template <class T>
struct Flip {
  static Error run(OpContext ctx) noexcept {
    const Tensor &self = ctx.tensor(0), &result = ctx.tensor(2);
    const Ints dims = ctx.ints(1);
    if (result.numel() == 0) return Error::Ok;
    int64_t strides[kMaxRank];
    for (uint32_t d = 0; d < result.rank; ++d) strides[d] = result.strides[d];
    Tensor window = result;
    for (uint32_t i = 0; i < dims.size && result.rank; ++i) {
      uint32_t d;
      if (!wrap_dimension(dims[i], result.rank, &d)) return Error::BadShape;
      window.data = static_cast<T*>(window.data) + (result.sizes[d] - 1) * result.strides[d];
      strides[d] = -result.strides[d];
    }
    window.strides = strides;
    copy_window<T>(window, self);
    return Error::Ok;
  }
};

Kernel select_flip(OpContext ctx) noexcept { return kernel_for_width<Flip>(ctx.tensor(0).dtype); }

Error infer_roll(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0);
  const Ints shifts = ctx.ints(1), dims = ctx.ints(2);
  if (dims.size == 0 ? shifts.size != 1 : shifts.size != dims.size) return Error::BadShape;
  uint32_t seen = 0;
  for (uint32_t i = 0; i < dims.size; ++i) {
    uint32_t d;
    if (!wrap_dimension(dims[i], m.rank, &d) || (seen >> d & 1)) return Error::BadShape;
    seen |= 1u << d;
  }
  return ctx.set_result(0, m);
}

int64_t wrap_shift(int64_t shift, int64_t size) {
  shift %= size;
  return shift < 0 ? shift + size : shift;
}

// Each rolled dimension has two parts that change places: the combinations of parts are windows copied one by one.
template <class T>
struct Roll {
  static Error run(OpContext ctx) noexcept {
    const Tensor &self = ctx.tensor(0), &result = ctx.tensor(3);
    const Ints shifts = ctx.ints(1), dims = ctx.ints(2);
    const int64_t total = result.numel();
    if (total == 0) return Error::Ok;
    if (dims.size == 0 || result.rank == 0) {  // flattened; select asked for contiguous tensors
      const int64_t shift = result.rank ? wrap_shift(shifts[0], total) : 0;
      std::memcpy(result.as<T>() + shift, self.data, static_cast<size_t>(total - shift) * sizeof(T));
      std::memcpy(result.data, self.as<T>() + (total - shift), static_cast<size_t>(shift) * sizeof(T));
      return Error::Ok;
    }
    for (uint32_t parts = 0; parts < (1u << dims.size); ++parts) {
      int64_t sizes[kMaxRank];
      for (uint32_t d = 0; d < self.rank; ++d) sizes[d] = self.sizes[d];
      Tensor from = self, to = result;
      from.sizes = to.sizes = sizes;
      for (uint32_t i = 0; i < dims.size; ++i) {
        uint32_t d;
        if (!wrap_dimension(dims[i], self.rank, &d)) return Error::BadShape;
        const int64_t shift = wrap_shift(shifts[i], self.sizes[d]);
        if (parts >> i & 1) {  // the tail comes to the front
          sizes[d] = shift;
          from.data = static_cast<T*>(from.data) + (self.sizes[d] - shift) * self.strides[d];
        } else {
          sizes[d] = self.sizes[d] - shift;
          to.data = static_cast<T*>(to.data) + shift * result.strides[d];
        }
      }
      copy_window<T>(to, from);
    }
    return Error::Ok;
  }
};

Kernel select_roll(OpContext ctx) noexcept {
  if (ctx.ints(2).size == 0 && !(are_contiguous(ctx, 0, 1) && are_contiguous(ctx, 3, 1))) return nullptr;
  return kernel_for_width<Roll>(ctx.tensor(0).dtype);
}

}  // namespace

ETC_OP(flip, "aten::flip(Tensor self, int[] dims) -> Tensor", infer_flip, select_flip);
ETC_OP(roll, "aten::roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor", infer_roll, select_roll);
}  // namespace etc
