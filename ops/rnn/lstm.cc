// aten::lstm.input – long short-term memory, with or without projections.
#include "ops/math.h"
#include "ops/rnn/layers.h"

namespace etc {
namespace {

template <class T>
struct LstmCell {
  using C = Accumulator<T>;
  static constexpr int64_t kGates = 4;
  static constexpr bool kHasCell = true, kSplitsGates = false;

  static void step(int64_t n, const C* gates, const C*, C* cell, const T*, int64_t, T* out, int64_t out_step) {
    for (int64_t j = 0; j < n; ++j) {
      const C input = math::sigmoid(gates[j]), forget = math::sigmoid(gates[n + j]);
      const C candidate = math::tanh(gates[2 * n + j]), output = math::sigmoid(gates[3 * n + j]);
      cell[j] = forget * cell[j] + input * candidate;
      store(out + j * out_step, output * math::tanh(cell[j]));
    }
  }
};

template <class T>
using Lstm = RnnLayers<LstmCell, T>;

Error infer(InferContext& ctx) noexcept { return infer_rnn(ctx, 4, true); }
Kernel select(OpContext ctx) noexcept { return kernel_for<Lstm>(ctx.tensor(0).dtype, FloatTypes{}); }
uint64_t scratch_bytes(OpContext ctx) noexcept { return scratch_for<Lstm>(ctx.tensor(0).dtype, FloatTypes{}, ctx); }

}  // namespace

ETC_OP(lstm,
       "aten::lstm.input(Tensor input, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool "
       "bidirectional, bool batch_first) -> (Tensor, Tensor, Tensor)",
       infer, select, {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
