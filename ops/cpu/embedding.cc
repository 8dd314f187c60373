// etc::packed_embedding – aten::embedding of a table that is the packed weight of a linear layer too: [panels, k, 16] of `rows` rows, f32,
// bf16 or f16. The result is f32.
#include "ops/cpu/product.h"
#include "ops/index/indices.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kWeight = 0, kIndices = 1, kRows = 2, kResult = 3;

Error infer(InferContext& ctx) noexcept {
  const Meta weight = ctx.meta(kWeight), indices = ctx.meta(kIndices);
  if (!is_index(indices.dtype)) return Error::BadArgument;
  if (weight.rank != 3 || indices.rank >= kMaxRank) return Error::BadShape;
  ETC_TRY(check_panels(weight, ctx.integer(kRows), weight.sizes[1], true));
  Meta y = indices;
  y.dtype = DType::F32;
  y.sizes[y.rank++] = weight.sizes[1];
  return ctx.set_result(0, y);
}

template <class T>
Error run(OpContext ctx) noexcept {
  const Tensor &weight = ctx.tensor(kWeight), &indices = ctx.tensor(kIndices);
  const int64_t size = weight.sizes[1], count = indices.numel(), rows = ctx.integer(kRows);
  float* y = ctx.tensor(kResult).as<float>();
  for (int64_t i = 0; i < count; ++i, y += size) {
    const int64_t row = index_at(indices, i);
    if (!is_inside(row, rows)) return Error::BadValue;
    const T* from = weight.as<T>() + row / kPanel * size * kPanel + row % kPanel;
    for (int64_t k = 0; k < size; ++k) y[k] = static_cast<float>(from[k * kPanel]);
  }
  return Error::Ok;
}

Kernel select(OpContext ctx) noexcept {
  if (!are_contiguous(ctx, kWeight, 2) || !are_contiguous(ctx, kResult, 1)) return nullptr;
  switch (ctx.tensor(kWeight).dtype) {
    case DType::F32: return run<float>;
    case DType::BF16: return run<BFloat16>;
    default: return run<Half>;
  }
}

}  // namespace

ETC_OP(packed_embedding, "etc::packed_embedding(Tensor weight, Tensor indices, SymInt rows) -> Tensor", infer, select);
}  // namespace etc
