// aten::tril, aten::triu – the elements on and below (above) a diagonal of the last two dimensions; the others become zero.
#include "ops/shape/window.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  const Meta m = ctx.meta(0);
  if (m.rank < 2) return Error::BadShape;
  return ctx.set_result(0, m);
}

template <bool Lower>
struct Triangle {
  template <class T>
  struct Keep {
    static Error run(OpContext ctx) noexcept {
      const Tensor &self = ctx.tensor(0), &result = ctx.tensor(2);
      const int64_t rows = self.sizes[self.rank - 2], columns = self.sizes[self.rank - 1], total = self.numel();
      if (total == 0) return Error::Ok;
      // Far outside diagonals mean the same as those just outside.
      int64_t diagonal = ctx.integer(1);
      diagonal = diagonal < -rows ? -rows : diagonal > columns ? columns : diagonal;
      const T* in = self.as<T>();
      T* out = result.as<T>();
      for (int64_t at = 0; at < total; at += rows * columns)
        for (int64_t i = 0; i < rows; ++i)
          for (int64_t j = 0; j < columns; ++j, ++in, ++out) *out = (Lower ? j - i <= diagonal : j - i >= diagonal) ? *in : T{0};
      return Error::Ok;
    }
  };
  static Kernel select(OpContext ctx) noexcept { return are_contiguous(ctx, 0, 3) ? kernel_for_width<Keep>(ctx.tensor(0).dtype) : nullptr; }
};

}  // namespace

ETC_OP(tril, "aten::tril(Tensor self, SymInt diagonal=0) -> Tensor", infer, Triangle<true>::select, {Promotion::None, 1});
ETC_OP(triu, "aten::triu(Tensor self, SymInt diagonal=0) -> Tensor", infer, Triangle<false>::select, {Promotion::None, 1});
}  // namespace etc
