// aten::gru.input – gated recurrent units.
#include "ops/math.h"
#include "ops/rnn/layers.h"

namespace etc {
namespace {

template <class T>
struct GruCell {
  using C = Accumulator<T>;
  static constexpr int64_t kGates = 3;
  static constexpr bool kHasCell = false, kSplitsGates = true;  // the reset gate scales only what comes from the hidden state

  static void step(int64_t n, const C* gates, const C* recurrent, C*, const T* h, int64_t h_step, T* out, int64_t out_step) {
    for (int64_t j = 0; j < n; ++j) {
      const C reset = math::sigmoid(gates[j] + recurrent[j]), update = math::sigmoid(gates[n + j] + recurrent[n + j]);
      const C candidate = math::tanh(gates[2 * n + j] + reset * recurrent[2 * n + j]);
      store(out + j * out_step, candidate + update * (static_cast<C>(load(h + j * h_step)) - candidate));
    }
  }
};

template <class T>
using Gru = RnnLayers<GruCell, T>;

Error infer(InferContext& ctx) noexcept { return infer_rnn(ctx, 3, false); }
Kernel select(OpContext ctx) noexcept { return kernel_for<Gru>(ctx.tensor(0).dtype, FloatTypes{}); }
uint64_t scratch_bytes(OpContext ctx) noexcept { return scratch_for<Gru>(ctx.tensor(0).dtype, FloatTypes{}, ctx); }

}  // namespace

ETC_OP(gru,
       "aten::gru.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool "
       "bidirectional, bool batch_first) -> (Tensor, Tensor)",
       infer, select, {Promotion::None, 0, 0, nullptr, scratch_bytes});
}  // namespace etc
