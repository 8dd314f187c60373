// PyTorch's type promotion: which dtype a computation over several tensors and numbers has.
#pragma once

#include <cstdint>
#include <optional>

#include "etc/base.h"

namespace etc::compile {

// torch.promote_types. CompileError for pairs that PyTorch refuses (float8 or wide unsigned types with others).
DType promote_types(DType a, DType b);

// torch.result_type over operands added one by one. Tensors with dimensions decide before 0-d tensors, those before Python numbers;
// a lower category counts only when its kind (bool, integer, float) is higher.
class ResultType {
 public:
  void add_tensor(DType dtype, size_t rank) { add(rank ? dimensioned_ : zero_dim_, dtype); }
  void add_number(DType dtype) { add(number_, dtype); }  // Bool, I64 or F32: a Python float has the default dtype
  std::optional<DType> get() const;                      // empty when nothing was added

 private:
  static void add(std::optional<DType>& category, DType dtype);
  std::optional<DType> dimensioned_, zero_dim_, number_;
};

}  // namespace etc::compile
