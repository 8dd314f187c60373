// Tensors and arguments of an etc call as ATen's, and back.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include "etc/op.h"

namespace etc::aten {

// Throws c10::Error for a dtype or kind of argument that one side does not have.
at::ScalarType scalar_type_of(DType dtype);
DType dtype_of(at::ScalarType type);

// A tensor over the same memory, with the same sizes and strides.
at::Tensor wrap(const Tensor& tensor);
// The same without memory, on the device "meta".
at::Tensor describe(const Tensor& tensor);

// Argument i of the call, for a parameter of this type. `tensor` is wrap or describe.
c10::IValue argument_of(OpContext ctx, uint32_t i, const c10::Argument& parameter, at::Tensor (*tensor)(const Tensor&));

// All tensors that a call left on the stack, lists flattened, undefined ones left out.
std::vector<at::Tensor> results_on(const torch::jit::Stack& stack);

}  // namespace etc::aten
