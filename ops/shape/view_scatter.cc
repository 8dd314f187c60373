// etc::view_scatter – a contiguous tensor with one strided window of it replaced. On the tensor itself only the window is written.
#include "ops/pointwise.h"
#include "ops/shape/window.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  const Meta self = ctx.meta(0), source = ctx.meta(1);
  const Ints sizes = ctx.ints(2), strides = ctx.ints(3);
  if (source.dtype != self.dtype || sizes.size != strides.size) return Error::BadArgument;
  if (sizes.size != source.rank) return Error::BadShape;
  for (uint32_t d = 0; d < sizes.size; ++d)
    if (sizes[d] != source.sizes[d]) return Error::BadShape;
  if (!is_window_inside(sizes, strides, ctx.integer(4), ctx.tensor(0).numel())) return Error::BadShape;
  return ctx.set_result(0, self);
}

template <class T>
struct ViewScatter {
  static Error run(OpContext ctx) noexcept {
    const Tensor &self = ctx.tensor(0), &source = ctx.tensor(1), &result = ctx.tensor(5);
    if (self.numel() == 0) return Error::Ok;
    if (result.data != self.data) std::memcpy(result.data, self.data, static_cast<size_t>(self.numel()) * sizeof(T));
    Tensor window = source;
    window.data = result.as<T>() + ctx.integer(4);
    window.sizes = ctx.ints(2).data;
    window.strides = ctx.ints(3).data;
    map<T, T>([](T e) { return e; }, window, source);
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept {
  if (!is_contiguous(ctx.tensor(0)) || !is_contiguous(ctx.tensor(5))) return nullptr;
  return kernel_for_width<ViewScatter>(ctx.tensor(0).dtype);
}

}  // namespace

ETC_OP(view_scatter, "etc::view_scatter(Tensor self, Tensor src, SymInt[] size, SymInt[] stride, SymInt offset) -> Tensor", infer, select, kUnary)
}  // namespace etc
