// aten::rnn_tanh.input, aten::rnn_relu.input – plain recurrent layers.
#include "ops/math.h"
#include "ops/rnn/layers.h"

namespace etc {
namespace {

struct Tanh {
  template <class C>
  static C apply(C x) {
    return math::tanh(x);
  }
};
struct Relu {
  template <class C>
  static C apply(C x) {
    return x < C{} ? C{} : x;
  }
};

template <class T, class Activation>
struct Elman {
  using C = Accumulator<T>;
  static constexpr int64_t kGates = 1;
  static constexpr bool kHasCell = false, kSplitsGates = false;
  static void step(int64_t n, const C* gates, const C*, C*, const T*, int64_t, T* out, int64_t out_step) {
    for (int64_t j = 0; j < n; ++j) store(out + j * out_step, Activation::apply(gates[j]));
  }
};
template <class T>
struct TanhCell : Elman<T, Tanh> {};
template <class T>
struct ReluCell : Elman<T, Relu> {};

template <class T>
using TanhLayers = RnnLayers<TanhCell, T>;
template <class T>
using ReluLayers = RnnLayers<ReluCell, T>;

Error infer(InferContext& ctx) noexcept { return infer_rnn(ctx, 1, false); }
Kernel select_tanh(OpContext ctx) noexcept { return kernel_for<TanhLayers>(ctx.tensor(0).dtype, FloatTypes{}); }
Kernel select_relu(OpContext ctx) noexcept { return kernel_for<ReluLayers>(ctx.tensor(0).dtype, FloatTypes{}); }
uint64_t scratch_tanh(OpContext ctx) noexcept { return scratch_for<TanhLayers>(ctx.tensor(0).dtype, FloatTypes{}, ctx); }
uint64_t scratch_relu(OpContext ctx) noexcept { return scratch_for<ReluLayers>(ctx.tensor(0).dtype, FloatTypes{}, ctx); }

}  // namespace

ETC_OP(rnn_tanh,
       "aten::rnn_tanh.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool "
       "bidirectional, bool batch_first) -> (Tensor, Tensor)",
       infer, select_tanh, {Promotion::None, 0, 0, nullptr, scratch_tanh});
ETC_OP(rnn_relu,
       "aten::rnn_relu.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool "
       "bidirectional, bool batch_first) -> (Tensor, Tensor)",
       infer, select_relu, {Promotion::None, 0, 0, nullptr, scratch_relu});
}  // namespace etc
