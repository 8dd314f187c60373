// etc::nonzero – where a mask is true, in row-major order; etc::repeat_interleave – each index as often as asked. How many there are only
// the data tell: the result is planned for the most that there can be, or for a smaller bound, which the data must keep to.
#include "ops/index/indices.h"

namespace etc {
namespace {

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// --- nonzero(mask, most) -> [count, rank] ---

Error infer_nonzero(InferContext& ctx) noexcept {
  const Tensor& mask = ctx.tensor(0);
  if (mask.dtype != DType::Bool || ctx.integer(1) < 0) return Error::BadArgument;
  Meta m;
  m.dtype = DType::I64;
  m.rank = 2;
  m.sizes[0] = smaller(mask.numel(), ctx.integer(1));
  m.sizes[1] = mask.rank;
  return ctx.set_result(0, m);
}

Error run_nonzero(OpContext ctx) noexcept {
  const Tensor &mask = ctx.tensor(0), &result = ctx.tensor(2);
  const int64_t n = mask.numel(), most = result.sizes[0], rank = mask.rank;
  int64_t* out = result.as<int64_t>();
  int64_t found = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!mask.as<uint8_t>()[i]) continue;
    if (found == most) return Error::BadShape;
    int64_t rest = i;
    for (int64_t d = rank; d-- > 0; rest /= mask.sizes[d]) out[found * rank + d] = rest % mask.sizes[d];
    ++found;
  }
  ctx.set_size(2, 0, found);
  return Error::Ok;
}

Kernel select_nonzero(OpContext ctx) noexcept { return is_contiguous(ctx.tensor(0)) ? run_nonzero : nullptr; }

// --- repeat_interleave(repeats, size) -> [size] ---

Error infer_repeats(InferContext& ctx) noexcept {
  const Tensor& repeats = ctx.tensor(0);
  if (repeats.dtype != DType::I64 || repeats.rank != 1 || ctx.integer(1) < 0) return Error::BadArgument;
  Meta m;
  m.dtype = DType::I64;
  m.rank = 1;
  m.sizes[0] = ctx.integer(1);
  return ctx.set_result(0, m);
}

// Writes the indices; -1 when there are more than fit, or a count is negative.
int64_t write_repeats(OpContext ctx) {
  const Tensor &repeats = ctx.tensor(0), &result = ctx.tensor(2);
  const int64_t n = repeats.sizes[0], most = result.sizes[0];
  int64_t written = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t times = repeats.as<int64_t>()[i];
    if (times < 0 || times > most - written) return -1;
    for (int64_t k = 0; k < times; ++k) result.as<int64_t>()[written++] = i;
  }
  return written;
}

Error run_repeats(OpContext ctx) noexcept {
  const int64_t size = ctx.tensor(2).sizes[0];
  return write_repeats(ctx) == size ? Error::Ok : Error::BadValue;
}
Error run_bounded_repeats(OpContext ctx) noexcept {
  const int64_t written = write_repeats(ctx);
  if (written < 0) return Error::BadShape;
  ctx.set_size(2, 0, written);
  return Error::Ok;
}

Kernel select_repeats(OpContext ctx) noexcept { return are_contiguous(ctx, 0, 1) && are_contiguous(ctx, 2, 1) ? run_repeats : nullptr; }
Kernel select_bounded_repeats(OpContext ctx) noexcept { return is_contiguous(ctx.tensor(0)) ? run_bounded_repeats : nullptr; }

constexpr OpTraits kSizesFromData{Promotion::None, 0, 0, nullptr, nullptr, true};

}  // namespace

ETC_OP(nonzero, "etc::nonzero(Tensor mask, int most) -> Tensor", infer_nonzero, select_nonzero, kSizesFromData);
ETC_OP(repeat_interleave, "etc::repeat_interleave(Tensor repeats, SymInt size) -> Tensor", infer_repeats, select_repeats);
ETC_OP(repeat_interleave_bounded, "etc::repeat_interleave_bounded(Tensor repeats, int most) -> Tensor", infer_repeats, select_bounded_repeats,
       kSizesFromData);
}  // namespace etc
