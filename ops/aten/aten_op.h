// One op of libtorch behind an entry of an op table. libtorch allocates: for results without an out variant, for temporaries and for
// the boxed arguments of every call. Its exceptions end here; their text goes to stderr, as the core has no place for it.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <atomic>
#include <optional>
#include <string>

#include "etc/op.h"

namespace etc::aten {

class AtenOp {
 public:
  // `out` is the variant of the op that writes its results into tensors that it is given, if there is one.
  AtenOp(c10::OperatorHandle op, std::optional<c10::OperatorHandle> out);

  // The entry's schema, and whether etc can call it.
  const std::string& schema() const { return schema_; }
  bool has_dynamic_results() const { return op_.hasTag(at::Tag::dynamic_output_shape); }

  Error infer(InferContext& ctx) noexcept;
  Error run(OpContext ctx) noexcept;

 private:
  torch::jit::Stack arguments(OpContext ctx, at::Tensor (*tensor)(const Tensor&)) const;
  void run_out(OpContext ctx, uint32_t results) const;
  void run_and_copy(OpContext ctx) const;
  Error report(const std::exception& e, bool at_load) const;

  c10::OperatorHandle op_;
  std::optional<c10::OperatorHandle> out_;
  std::string schema_;
  Signature signature_;
  std::atomic<bool> sizes_are_known_{true};  // every call so far has told its results' sizes before it ran
};

}  // namespace etc::aten
