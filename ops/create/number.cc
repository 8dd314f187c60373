// etc::integer, etc::real – a number that is known only when the program runs as a 0-d tensor: where a model computes with its sizes.
#include "ops/dispatch.h"

namespace etc {
namespace {

template <DType kDType>
Error infer(InferContext& ctx) noexcept {
  Meta m;
  m.dtype = kDType;
  return ctx.set_result(0, m);
}

Error run_integer(OpContext ctx) noexcept {
  *ctx.tensor(1).as<int64_t>() = ctx.integer(0);
  return Error::Ok;
}
Error run_real(OpContext ctx) noexcept {
  *ctx.tensor(1).as<double>() = ctx.real(0);
  return Error::Ok;
}

Kernel select_integer(OpContext) noexcept { return run_integer; }
Kernel select_real(OpContext) noexcept { return run_real; }

}  // namespace

ETC_OP(integer, "etc::integer(SymInt value) -> Tensor", infer<DType::I64>, select_integer);
ETC_OP(real, "etc::real(float value) -> Tensor", infer<DType::F64>, select_real);
}  // namespace etc
