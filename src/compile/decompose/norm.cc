// Normalisations, on native_layer_norm, native_group_norm and the two batch norms.
#include <limits>

#include "decompose/decompose.h"
#include "decompose/term.h"

namespace etc::compile {
namespace {

Results layer_norm(Builder& b, const Call& c) {
  return {b.call("aten::native_layer_norm", {c.args[0], c.args[1], c.args[2], c.args[3], c.args[4]})[0]};
}

Results group_norm_of(Builder& b, Value* x, const Argument& weight, const Argument& bias, int64_t groups, double eps) {
  const SymInt n = size_of(x, 0), channels = size_of(x, 1);
  const SymInt rest = n == 0 || channels == 0 ? SymInt(0) : x->type.numel() / (n * channels);
  return {b.call("aten::native_group_norm", {x, weight, bias, n, channels, rest, groups, eps})[0]};
}
Results group_norm(Builder& b, const Call& c) { return group_norm_of(b, c.tensor(0), c.args[2], c.args[3], c.integer(1), c.real(4)); }

// input, weight, bias, running_mean, running_var, training, momentum, eps. In training the batch's own statistics count; that the
// running ones change is the importer's business.
Results batch_norm_results(Builder& b, const Call& c) {
  if (!c.boolean(5))
    return b.call("aten::_native_batch_norm_legit_no_training",
                  {c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[6], c.args[7]});
  const Value* x = c.tensor(0);
  const DType dtype = c.has(3) ? c.tensor(3)->type.dtype : opmath(x->type.dtype);
  const auto running = [&](size_t i, double otherwise) {
    return c.has(i) ? c.args[i] : b.contiguous(b.full(dtype, {size_of(x, 1)}, otherwise));
  };
  Results r = b.call("aten::_native_batch_norm_legit_functional",
                     {c.args[0], c.args[1], c.args[2], running(3, 0.0), running(4, 1.0), true, c.args[6], c.args[7]});
  r.resize(3);
  return r;
}
Results batch_norm(Builder& b, const Call& c) { return {batch_norm_results(b, c)[0]}; }

// Each channel of each sample by itself is a group norm with one channel a group.
Results instance_norm(Builder& b, const Call& c) {  // input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps
  if (c.boolean(5) && c.has(3))  // it would change them, which import does not follow
    throw CompileError("instance norm that updates its running statistics is not supported; call model.eval() before exporting");
  if (c.boolean(5)) return group_norm_of(b, c.tensor(0), c.args[1], c.args[2], size_of(c.tensor(0), 1), c.real(7));
  return batch_norm(b, c);
}

// x / rms(x) * weight over the last dimensions; also gives 1 / rms.
Results fused_rms_norm(Builder& b, const Call& c) {  // input, normalized_shape, weight, eps
  const Term x = term(b, c, 0), wide = widen(x);
  std::vector<int64_t> dims;
  for (int64_t d = rank_of(x) - static_cast<int64_t>(c.ints(1).size()); d < rank_of(x); ++d) dims.push_back(d);
  const double eps = c.has(3)                         ? c.real(3)
                     : wide->type.dtype == DType::F64 ? std::numeric_limits<double>::epsilon()
                                                      : std::numeric_limits<float>::epsilon();
  const Term scale = apply("aten::rsqrt", {mean(wide * wide, dims, true) + eps});
  const Term result = c.has(2) ? wide * scale * widen(term(b, c, 2)) : wide * scale;
  return {cast(result, x->type.dtype), scale};
}

// The weight of weight_norm: direction v, length g along `dim`.
Results weight_norm(Builder& b, const Call& c) {
  const Term v = term(b, c, 0), g = term(b, c, 1);
  const Term norm = apply("aten::norm_except_dim", {v}, {int64_t{2}, c.args[2]});
  return {v * (g / norm), norm};
}

}  // namespace

std::vector<Decomposition> norm_decompositions() {
  return {
      {"aten::layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float "
       "eps=1.0000000000000001e-05, bool cudnn_enable=True) -> Tensor",
       layer_norm},
      {"aten::group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, bool "
       "cudnn_enabled=True) -> Tensor",
       group_norm},
      {"aten::batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float "
       "momentum, float eps, bool cudnn_enabled) -> Tensor",
       batch_norm},
      {"aten::native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, "
       "float momentum, float eps) -> (Tensor, Tensor, Tensor)",
       batch_norm_results},
      {"aten::instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool use_input_stats, "
       "float momentum, float eps, bool cudnn_enabled) -> Tensor",
       instance_norm},
      {"aten::_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)", fused_rms_norm},
      {"aten::_weight_norm(Tensor v, Tensor g, int dim=0) -> Tensor",
       [](Builder& b, const Call& c) -> Results { return {weight_norm(b, c)[0]}; }},
      {"aten::_weight_norm_interface(Tensor v, Tensor g, int dim=0) -> (Tensor, Tensor)", weight_norm},
  };
}

}  // namespace etc::compile
