// etc::packed_lstm – one direction of one layer of an LSTM in f32, over gates [steps, batch, 4 * units] that hold what the inputs and
// biases give (a packed_linear over the whole sequence). The columns of `gates` and of `weight` [panels, units, 16] (the recurrent
// weights) go by panels of 16 units: input, forget, candidate, output of the first panel, then of the next; units beyond the last are
// zeros.
#include <cstring>

#include "ops/cpu/product.h"

namespace etc {
namespace {

using namespace cpu;
constexpr uint32_t kGates = 0, kWeight = 1, kHidden = 2, kCell = 3, kReverse = 4, kResult = 5, kLastHidden = 6, kLastCell = 7;

constexpr int64_t kNear = 1 << 20;  // bytes of weights that stay in the second cache from step to step

Error infer(InferContext& ctx) noexcept {
  const Meta gates = ctx.meta(kGates), hidden = ctx.meta(kHidden), cell = ctx.meta(kCell);
  if (gates.dtype != DType::F32 || hidden.dtype != DType::F32 || cell.dtype != DType::F32) return Error::BadArgument;
  if (gates.rank != 3 || hidden.rank != 2 || cell.rank != 2 || hidden.sizes[0] != gates.sizes[1] || cell.sizes[0] != gates.sizes[1])
    return Error::BadShape;
  const int64_t units = hidden.sizes[1];
  int64_t columns = 0;
  if (units < 1 || cell.sizes[1] != units || !checked_multiply(panels_of(units), 4 * kPanel, &columns) || gates.sizes[2] != columns)
    return Error::BadShape;
  ETC_TRY(check_panels(ctx.meta(kWeight), columns, units, true));
  Meta y = gates;
  y.sizes[2] = units;
  ETC_TRY(ctx.set_result(0, y));
  ETC_TRY(ctx.set_result(1, hidden));
  return ctx.set_result(2, cell);
}

Error run(OpContext ctx) noexcept {
  const Tensor &gates = ctx.tensor(kGates), &y = ctx.tensor(kResult), &hidden = ctx.tensor(kHidden);
  float *const last_hidden = ctx.tensor(kLastHidden).as<float>(), *const cell = ctx.tensor(kLastCell).as<float>();
  const int64_t steps = gates.sizes[0], batch = gates.sizes[1], units = hidden.sizes[1], columns = gates.sizes[2];
  const size_t state = static_cast<size_t>(batch * units) * sizeof(float);
  std::memcpy(last_hidden, hidden.as<float>(), state);
  std::memcpy(cell, ctx.tensor(kCell).as<float>(), state);
  float* const sums = reinterpret_cast<float*>(ctx.scratch());

  Product all;
  all.rows = batch;
  all.block.runs = 1, all.block.length = units;
  all.block.weight_dtype = ctx.tensor(kWeight).dtype;
  all.block.result_row = columns, all.block.epilogue.residual_row = gates.strides[1];
  const auto* weight = static_cast<const std::byte*>(ctx.tensor(kWeight).data);
  const int64_t panel = units * kPanel * static_cast<int64_t>(size_in_bytes(all.block.weight_dtype));  // bytes
  all.block.is_near = panels_of(units) * 4 * panel <= kNear;  // of all threads: it decides in which order a sum is taken
  const float* h = last_hidden;
  int64_t h_row = units;

  // Each thread has units of its own, the same in every step: their weights stay in its cache.
  const Hooks* hooks = ctx.frame->hooks;
  const Pieces parts(panels_of(units), 1, threads_for(hooks, batch, units, columns));
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t t = ctx.boolean(kReverse) ? steps - 1 - i : i;
    float* out = y.as<float>() + t * y.strides[0];
    parallel_for(hooks, parts.count, [&](int64_t part) {
      const int64_t first = parts.begin(part), end = parts.end(part), column = first * 4 * kPanel, unit = first * kPanel;
      Product p = all;
      p.block.weight = weight + first * 4 * panel;
      p.block.columns = (end - first) * 4 * kPanel;
      p.block.result = sums + column;
      p.block.epilogue.residual = gates.as<float>() + t * gates.strides[0] + column;
      p.run(nullptr, 0, [&](int64_t row, int64_t count, const float** at, float**) {
        for (int64_t r = 0; r < count; ++r) at[r] = h + (row + r) * h_row;
      });
      const int64_t count = end * kPanel < units ? (end - first) * kPanel : units - unit;
      for (int64_t n = 0; n < batch; ++n)
        kernels().lstm(count, sums + n * columns + column, cell + n * units + unit, out + n * y.strides[1] + unit);
    });
    h = out, h_row = y.strides[1];
  }
  if (steps > 0)
    for (int64_t n = 0; n < batch; ++n) std::memcpy(last_hidden + n * units, h + n * h_row, static_cast<size_t>(units) * sizeof(float));
  return Error::Ok;
}

uint64_t scratch_bytes(OpContext ctx) noexcept {
  const Tensor& gates = ctx.tensor(kGates);
  int64_t bytes = 0;
  if (!checked_multiply(gates.sizes[1], gates.sizes[2], &bytes) || !checked_multiply(bytes, 4, &bytes)) return UINT64_MAX;
  return static_cast<uint64_t>(bytes);
}

Kernel select(OpContext ctx) noexcept {
  for (const uint32_t i : {kWeight, kHidden, kCell, kLastHidden, kLastCell})
    if (!is_contiguous(ctx.tensor(i))) return nullptr;
  for (const uint32_t i : {kGates, kResult})
    if (ctx.tensor(i).sizes[2] > 1 && ctx.tensor(i).strides[2] != 1) return nullptr;
  return run;
}

}  // namespace

ETC_OP(packed_lstm, "etc::packed_lstm(Tensor gates, Tensor weight, Tensor hidden, Tensor cell, bool reverse) -> (Tensor, Tensor, Tensor)",
       infer, select, {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
