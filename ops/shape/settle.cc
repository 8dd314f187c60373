// etc::settle – a copy whose result has room for `most` and takes the sizes of what is copied: what a branch gives where branches give
// tensors of different sizes.
#include "ops/dispatch.h"
#include "ops/iterate.h"

namespace etc {
namespace {

Error infer(InferContext& ctx) noexcept {
  const Tensor& x = ctx.tensor(0);
  const Ints most = ctx.ints(1);
  if (most.size != x.rank) return Error::BadArgument;
  Meta m = ctx.meta(0);
  for (uint32_t d = 0; d < x.rank; ++d) {
    if (most[d] < 0 || x.sizes[d] > most[d]) return Error::BadShape;
    m.sizes[d] = most[d];
  }
  return ctx.set_result(0, m);
}

template <class T>
struct Settle {
  static Error run(OpContext ctx) noexcept {
    const Tensor& x = ctx.tensor(0);
    T* out = ctx.tensor(2).as<T>();
    int64_t index[kMaxRank] = {};
    for (int64_t n = x.numel(), at = 0; n > 0; --n) {
      *out++ = x.as<const T>()[at];
      for (uint32_t d = x.rank; d-- > 0;) {  // the next element in row-major order
        at += x.strides[d];
        if (++index[d] < x.sizes[d]) break;
        at -= x.strides[d] * x.sizes[d];
        index[d] = 0;
      }
    }
    for (uint32_t d = 0; d < x.rank; ++d) ctx.set_size(2, d, x.sizes[d]);
    return Error::Ok;
  }
};

Kernel select(OpContext ctx) noexcept { return kernel_for_width<Settle>(ctx.tensor(0).dtype); }

constexpr OpTraits kSizesFromData{Promotion::None, 0, 0, nullptr, nullptr, true};

}  // namespace

ETC_OP(settle, "etc::settle(Tensor self, SymInt[] most) -> Tensor", infer, select, kSizesFromData)
}  // namespace etc
