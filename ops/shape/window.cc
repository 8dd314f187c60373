// etc::window – a copy of a strided window of a contiguous tensor. Views of fixed offset are values over the same bytes; this is for an
// offset that is known only when the program runs, as in x[:, n - 1:].
#include "ops/shape/window.h"

#include "ops/pointwise.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  Meta m = ctx.meta(0);
  const Ints sizes = ctx.ints(1), strides = ctx.ints(2);
  if (sizes.size != strides.size || sizes.size > kMaxRank) return Error::BadShape;
  if (!is_window_inside(sizes, strides, ctx.integer(3), ctx.tensor(0).numel())) return Error::BadShape;
  m.rank = static_cast<uint8_t>(sizes.size);
  for (uint32_t d = 0; d < sizes.size; ++d) m.sizes[d] = sizes[d];
  return ctx.set_result(0, m);
}

template <class T>
struct Window {
  static Error run(OpContext ctx) noexcept {
    const Tensor& result = ctx.tensor(4);
    if (result.numel() == 0) return Error::Ok;
    Tensor from = result;
    from.data = ctx.tensor(0).as<T>() + ctx.integer(3);
    from.strides = ctx.ints(2).data;
    copy_window<T>(result, from);
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept {
  return is_contiguous(ctx.tensor(0)) ? kernel_for_width<Window>(ctx.tensor(0).dtype) : nullptr;
}

}  // namespace

ETC_OP(window, "etc::window(Tensor self, SymInt[] size, SymInt[] stride, SymInt offset) -> Tensor", infer, select);
}  // namespace etc
