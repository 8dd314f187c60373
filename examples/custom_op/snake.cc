// The kernel of mylib::snake as a library for `etc-run --ops`:
//   c++ -std=c++17 -O2 -shared -fPIC snake.cc $(pkg-config --cflags etc) -o snake.so
#include <cmath>

#include "etc/op.h"

namespace mylib {
namespace {

// What the op takes and gives: checked once, when a program is loaded.
etc::Error infer(etc::InferContext& ctx) noexcept {
  if (ctx.tensor(0).dtype != etc::DType::F32 || !(ctx.real(1) > 0)) return etc::Error::BadArgument;
  return ctx.set_result(0, ctx.meta(0));
}

// Positions are those of the schema, the result comes after the arguments.
etc::Error run(etc::OpContext ctx) noexcept {
  const auto alpha = static_cast<float>(ctx.real(1));
  const float* x = ctx.tensor(0).as<float>();
  float* y = ctx.tensor(2).as<float>();
  for (int64_t i = 0, n = ctx.tensor(0).numel(); i < n; ++i) {
    const float s = std::sin(alpha * x[i]);
    y[i] = x[i] + s * s / alpha;
  }
  return etc::Error::Ok;
}

// etc-compile hands over contiguous tensors; this keeps other files from having them read otherwise.
etc::Kernel select(etc::OpContext ctx) noexcept { return is_contiguous(ctx.tensor(0)) && is_contiguous(ctx.tensor(2)) ? run : nullptr; }

ETC_OP(snake, "mylib::snake(Tensor x, float alpha=1.0) -> Tensor", infer, select);

constexpr const etc::Op* kOps[] = {&ops::snake};
constexpr etc::OpTable kTable = {etc::OpTable::kAbi, 1, kOps};

}  // namespace
}  // namespace mylib

extern "C" const etc::OpTable* etc_ops() { return &mylib::kTable; }
