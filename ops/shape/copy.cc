// etc::copy – the elements of a tensor with any strides, by their width.
#include "ops/pointwise.h"

namespace etc {
namespace {

template <class T>
struct Copy {
  static Error run(OpContext ctx) noexcept {
    const Tensor &x = ctx.tensor(0), &result = ctx.tensor(1);
    if (is_contiguous(x) && is_contiguous(result)) {
      const int64_t bytes = result.numel() * static_cast<int64_t>(sizeof(T));
      if (bytes && result.data != x.data) std::memcpy(result.data, x.data, static_cast<size_t>(bytes));
    } else {
      map<T, T>([](T e) { return e; }, result, x);
    }
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return kernel_for_width<Copy>(ctx.tensor(0).dtype); }

}  // namespace

ETC_OP(copy, "etc::copy(Tensor self) -> Tensor", infer_same<1>, select, kUnary)
}  // namespace etc
