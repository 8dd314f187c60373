// One op outside of a program: a Frame made for a single node. What shape inference in the compiler, kernel choice, constant folding
// and the op tests share with the runtime.
#pragma once

#include <memory>
#include <vector>

#include "etc/op.h"
#include "ir/graph.h"

namespace etc::compile {

// The op of this name ("aten::add.Tensor") in the built-in table, or null.
const Op* find_kernel_op(std::string_view name);

class OneOp {
  static constexpr size_t kAlignmentForScratch = 64;

 public:
  // `args` in schema order, complete. Tensor memory comes from set_data; until then data is null. `symbols` gives every symbol a number;
  // CompileError when a size cannot be computed with them, or depends on symbols and there are none.
  OneOp(const Op& op, const std::vector<Argument>& args, const Assignment* symbols = nullptr);
  ~OneOp();
  OneOp(const OneOp&) = delete;
  OneOp& operator=(const OneOp&) = delete;

  // The results' types (contiguous). Any error but Ok means the arguments do not fit.
  Error infer(std::vector<TensorType>* results);
  // Says where the results lie; `types` may have strides. Needed before select.
  void set_results(const std::vector<TensorType>& types);
  // True when the op has a kernel for exactly these dtypes and strides.
  bool has_kernel();
  uint64_t scratch_bytes();
  // Addresses for `run`: of a tensor argument's value, of result i.
  void set_data(const Value* value, const void* data);
  void set_result_data(uint32_t i, void* data);
  // Selects, prepares, gives scratch (64-byte aligned) and runs.
  Error run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace etc::compile
