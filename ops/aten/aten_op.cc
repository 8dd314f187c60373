// Calls through libtorch's dispatcher; see aten_op.h.
#include "aten_op.h"

#include <c10/core/InferenceMode.h>

#include <cstdio>
#include <cstring>
#include <sstream>

#include "convert.h"

namespace etc::aten {
namespace {

std::string text_of(const c10::FunctionSchema& schema) {
  std::ostringstream text;
  text << schema;
  return text.str();
}

Meta meta_of(const at::Tensor& t, DType dtype) {
  TORCH_CHECK(t.dim() <= static_cast<int64_t>(kMaxRank), "a result of rank ", t.dim());
  Meta meta;
  meta.dtype = dtype;
  meta.rank = static_cast<uint8_t>(t.dim());
  for (int64_t d = 0; d < t.dim(); ++d) meta.sizes[d] = t.size(d);
  return meta;
}

bool has_sizes(const at::Tensor& t, const Tensor& planned) { return t.sizes() == c10::IntArrayRef(planned.sizes, planned.rank); }

}  // namespace

AtenOp::AtenOp(c10::OperatorHandle op, std::optional<c10::OperatorHandle> out)
    : op_(op), out_(out), schema_(text_of(op.schema())), signature_(signature_of(schema_.c_str())) {}

torch::jit::Stack AtenOp::arguments(OpContext ctx, at::Tensor (*tensor)(const Tensor&)) const {
  torch::jit::Stack stack;
  const std::vector<c10::Argument>& parameters = op_.schema().arguments();
  for (uint32_t i = 0; i < parameters.size(); ++i) stack.push_back(argument_of(ctx, i, parameters[i], tensor));
  return stack;
}

// On tensors without memory, so that nothing is computed. Results have the dtype of the file: where the model gives a number for a tensor,
// ATen would promote otherwise than for the tensor that the number has become, and the result is converted.
Error AtenOp::infer(InferContext& ctx) noexcept try {
  const c10::InferenceMode guard;
  torch::jit::Stack stack = arguments(ctx, describe);
  try {
    op_.callBoxed(stack);
  } catch (const std::exception& e) {
    // Not every op can do that. Then the file is believed, and the result compared with it when the op has run.
    if (signature_.result_list) return report(e, true);
    sizes_are_known_ = false;
    for (uint32_t r = 0; r < signature_.results; ++r) ETC_TRY(ctx.set_result(r, InferContext::meta(ctx.tensor(signature_.arguments + r))));
    return Error::Ok;
  }
  const std::vector<at::Tensor> results = results_on(stack);
  if (!signature_.result_list && results.size() != signature_.results) return Error::BadShape;
  for (uint32_t r = 0; r < results.size(); ++r) {
    // How many results a call with a list of them has, only the sink knows.
    const DType dtype = signature_.result_list ? dtype_of(results[r].scalar_type()) : ctx.tensor(signature_.arguments + r).dtype;
    ETC_TRY(ctx.set_result(r, meta_of(results[r], dtype)));
  }
  return Error::Ok;
} catch (const std::exception& e) {
  return report(e, true);
}

Error AtenOp::run(OpContext ctx) noexcept try {
  const c10::InferenceMode guard;
  if (out_ && sizes_are_known_ && !has_dynamic_results())
    run_out(ctx, signature_.results);
  else
    run_and_copy(ctx);
  return Error::Ok;
} catch (const std::exception& e) {
  return report(e, false);
}

void AtenOp::run_out(OpContext ctx, uint32_t results) const {
  torch::jit::Stack stack = arguments(ctx, wrap);
  for (uint32_t r = 0; r < results; ++r) stack.emplace_back(wrap(ctx.tensor(signature_.arguments + r)));
  const torch::jit::Stack outs(stack.end() - results, stack.end());
  out_->callBoxed(stack);
  for (uint32_t r = 0; r < results; ++r) {
    const at::Tensor& out = outs[r].toTensor();
    const Tensor& planned = ctx.tensor(signature_.arguments + r);
    TORCH_CHECK(has_sizes(out, planned) && (out.numel() == 0 || out.data_ptr() == planned.data), "result ", r,
                " has other sizes than planned");
  }
}

void AtenOp::run_and_copy(OpContext ctx) const {
  torch::jit::Stack stack = arguments(ctx, wrap);
  op_.callBoxed(stack);
  const std::vector<at::Tensor> results = results_on(stack);
  for (uint32_t r = 0; r < results.size(); ++r) {
    const uint32_t position = signature_.arguments + r;
    const Tensor& planned = ctx.tensor(position);
    if (has_dynamic_results()) {
      TORCH_CHECK(results[r].dim() == planned.rank, "result ", r, " has another rank than planned");
      const at::Tensor dense = results[r].to(scalar_type_of(planned.dtype)).contiguous();
      TORCH_CHECK(dense.nbytes() <= ctx.planned_bytes(position), "result ", r, " has sizes ", dense.sizes(), ", more than planned");
      for (uint32_t d = 0; d < planned.rank; ++d) ctx.set_size(position, d, dense.size(d));
      if (dense.nbytes() != 0) std::memcpy(planned.data, dense.data_ptr(), dense.nbytes());
      continue;
    }
    TORCH_CHECK(has_sizes(results[r], planned), "result ", r, " has sizes ", results[r].sizes(), ", others than planned");
    wrap(planned).copy_(results[r]);
  }
}

Error AtenOp::report(const std::exception& e, bool at_load) const {
  const auto* error = dynamic_cast<const c10::Error*>(&e);
  std::fprintf(stderr, "libetc-aten: %s: %s\n", schema_.c_str(), error ? error->what_without_backtrace() : e.what());
  return !at_load && dynamic_cast<const c10::IndexError*>(&e) ? Error::BadValue : Error::BadShape;
}

}  // namespace etc::aten
