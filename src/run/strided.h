// Between tensors of the runtime, which may have any strides, and arrays, which are row-major.
#pragma once

#include "etc/tensor.h"
#include "host/npy.h"

namespace etc::run {

host::Array to_array(const Tensor& tensor);
// Same dtype and sizes.
void fill(const Tensor& tensor, const host::Array& array);

}  // namespace etc::run
