// aten::cat – tensors one behind the other along a dimension. PyTorch leaves out empty 1-d tensors whatever the others' rank.
#include "ops/shape/window.h"

namespace etc {
namespace {

bool is_left_out(const Tensor& t) { return t.rank == 1 && t.sizes[0] == 0; }

Error infer(InferContext& ctx) noexcept {
  const Tensors list = ctx.tensors(0);
  if (list.size == 0) return Error::BadShape;
  uint32_t model = 0;  // the first that counts gives rank and sizes
  while (model + 1 < list.size && is_left_out(list[model])) ++model;
  Meta m = InferContext::meta(list[model]);
  uint32_t dim;
  if (m.rank == 0 || !wrap_dimension(ctx.integer(1), m.rank, &dim)) return Error::BadShape;
  int64_t total = 0;
  for (uint32_t i = 0; i < list.size; ++i) {
    const Tensor& t = list[i];
    if (t.dtype != m.dtype) return Error::BadArgument;
    if (is_left_out(t)) continue;
    if (t.rank != m.rank) return Error::BadShape;
    for (uint32_t d = 0; d < m.rank; ++d)
      if (d != dim && t.sizes[d] != m.sizes[d]) return Error::BadShape;
    if (!checked_add(total, t.sizes[dim], &total)) return Error::BadShape;
  }
  m.sizes[dim] = total;
  return ctx.set_result(0, m);
}

template <class T>
struct Cat {
  static Error run(OpContext ctx) noexcept {
    const Tensors list = ctx.tensors(0);
    const Tensor& result = ctx.tensor(2);
    uint32_t dim;
    if (!wrap_dimension(ctx.integer(1), result.rank, &dim)) return Error::BadShape;
    Tensor window = result;
    for (uint32_t i = 0; i < list.size; ++i) {
      const Tensor& t = list[i];
      if (is_left_out(t)) continue;
      window.sizes = t.sizes;
      copy_window<T>(window, t);
      window.data = static_cast<T*>(window.data) + t.sizes[dim] * result.strides[dim];
    }
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return kernel_for_width<Cat>(ctx.tensor(2).dtype); }

}  // namespace

ETC_OP(cat, "aten::cat(Tensor[] tensors, int dim=0) -> Tensor", infer, select, {Promotion::Same});
}  // namespace etc
