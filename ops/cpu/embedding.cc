// etc::packed_embedding – aten::embedding of a table that is the packed weight of a linear layer too: f32[panels, k, 16] of `rows` rows.
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
  ETC_TRY(check_panels(weight, ctx.integer(kRows), weight.sizes[1]));
  Meta y = indices;
  y.dtype = DType::F32;
  y.sizes[y.rank++] = weight.sizes[1];
  return ctx.set_result(0, y);
}

Error run(OpContext ctx) noexcept {
  const Tensor &weight = ctx.tensor(kWeight), &indices = ctx.tensor(kIndices);
  const int64_t size = weight.sizes[1], count = indices.numel(), rows = ctx.integer(kRows);
  float* y = ctx.tensor(kResult).as<float>();
  for (int64_t i = 0; i < count; ++i, y += size) {
    const int64_t row = index_at(indices, i);
    if (!is_inside(row, rows)) return Error::BadValue;
    const float* from = weight.as<float>() + row / kPanel * size * kPanel + row % kPanel;
    for (int64_t k = 0; k < size; ++k) y[k] = from[k * kPanel];
  }
  return Error::Ok;
}

Kernel select(OpContext ctx) noexcept { return are_contiguous(ctx, kWeight, 2) && are_contiguous(ctx, kResult, 1) ? run : nullptr; }

}  // namespace

ETC_OP(packed_embedding, "etc::packed_embedding(Tensor weight, Tensor indices, SymInt rows) -> Tensor", infer, select);
}  // namespace etc
