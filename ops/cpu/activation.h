// The activations that fast kernels apply to finished sums.
#pragma once

#include "etc/op.h"

namespace etc::cpu {

enum class Activation : uint8_t { None, Relu, Relu6, Hardsigmoid, Hardswish, Sigmoid, Silu, Tanh, Gelu, GeluTanh };

struct ActivationName {
  const char* name;
  Activation activation;
};
// As the `activation` argument of the ops calls them, after PyTorch's functions of these names.
constexpr ActivationName kActivations[] = {
    {"none", Activation::None},           {"relu", Activation::Relu},
    {"relu6", Activation::Relu6},         {"hardsigmoid", Activation::Hardsigmoid},
    {"hardswish", Activation::Hardswish}, {"sigmoid", Activation::Sigmoid},
    {"silu", Activation::Silu},           {"tanh", Activation::Tanh},
    {"gelu", Activation::Gelu},           {"gelu_tanh", Activation::GeluTanh},
};

// False when there is none of this name.
constexpr bool find_activation(Span<const char> name, Activation* out) {
  for (const ActivationName& a : kActivations)
    if (detail::equals(name.data, static_cast<uint32_t>(name.size), a.name)) return *out = a.activation, true;
  return false;
}

}  // namespace etc::cpu
