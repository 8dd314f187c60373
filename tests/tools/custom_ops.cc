// Kernels of the ops that custom_ops_test.py registers with PyTorch: every kind of argument and result that a custom op can have.
#include <algorithm>

#include "etc/op.h"

namespace custom {
namespace {

using etc::Error;
using etc::InferContext;
using etc::Kernel;
using etc::OpContext;

bool is_f32(const etc::Tensor& t) { return t.dtype == etc::DType::F32; }
template <Kernel K>
Kernel always(OpContext) noexcept {
  return K;
}

Error infer_combine(InferContext& ctx) noexcept {
  if (ctx.tensors(0).size == 0) return Error::BadShape;
  for (uint32_t k = 0; k < ctx.tensors(0).size; ++k)
    if (!is_f32(ctx.tensors(0)[k]) || ctx.tensors(0)[k].numel() != ctx.tensors(0)[0].numel()) return Error::BadShape;
  if (ctx.has(1) && (!is_f32(ctx.tensor(1)) || ctx.tensor(1).numel() != ctx.tensors(0)[0].numel())) return Error::BadShape;
  ETC_TRY(ctx.set_result(0, InferContext::meta(ctx.tensors(0)[0])));
  etc::Meta count;
  count.dtype = etc::DType::I64;
  return ctx.set_result(1, count);
}
Error combine(OpContext ctx) noexcept {
  const etc::Tensors xs = ctx.tensors(0);
  const bool product = ctx.string(2).size == 4;  // "prod"
  float* out = ctx.tensor(4).as<float>();
  for (int64_t i = 0; i < xs[0].numel(); ++i) {
    out[i] = xs[0].as<float>()[i];
    for (uint32_t k = 1; k < xs.size; ++k) out[i] = product ? out[i] * xs[k].as<float>()[i] : out[i] + xs[k].as<float>()[i];
    if (ctx.has(1)) out[i] *= ctx.tensor(1).as<float>()[i];
    if (ctx.boolean(3)) out[i] = -out[i];
  }
  *ctx.tensor(5).as<int64_t>() = xs.size;
  return Error::Ok;
}

Error infer_like(InferContext& ctx) noexcept { return is_f32(ctx.tensor(0)) ? ctx.set_result(0, ctx.meta(0)) : Error::BadShape; }
Error scaled(OpContext ctx) noexcept {
  for (int64_t i = 0; i < ctx.tensor(0).numel(); ++i)
    ctx.tensor(2).as<float>()[i] = ctx.tensor(0).as<float>()[i] * static_cast<float>(ctx.real(1));
  return Error::Ok;
}

// Elements of the dimensions, all of them when there are none.
Error infer_count(InferContext& ctx) noexcept {
  for (uint32_t i = 0; i < ctx.ints(1).size; ++i)
    if (ctx.ints(1)[i] < 0 || ctx.ints(1)[i] >= ctx.tensor(0).rank) return Error::BadShape;
  etc::Meta meta;
  meta.dtype = etc::DType::I64;
  return ctx.set_result(0, meta);
}
Error count(OpContext ctx) noexcept {
  int64_t n = ctx.has(1) ? 1 : ctx.tensor(0).numel();
  for (uint32_t i = 0; i < ctx.ints(1).size; ++i) n *= ctx.tensor(0).sizes[ctx.ints(1)[i]];
  *ctx.tensor(2).as<int64_t>() = n;
  return Error::Ok;
}

Error infer_fill(InferContext& ctx) noexcept { return is_f32(ctx.tensor(0)) ? Error::Ok : Error::BadShape; }
Error fill(OpContext ctx) noexcept {
  for (int64_t i = 0; i < ctx.tensor(0).numel(); ++i) ctx.tensor(0).as<float>()[i] = static_cast<float>(ctx.real(1));
  return Error::Ok;
}
Error accumulate(OpContext ctx) noexcept {
  for (int64_t i = 0; i < ctx.tensor(0).numel(); ++i) ctx.tensor(0).as<float>()[i] += ctx.tensor(1).as<float>()[i];
  return Error::Ok;
}

Error infer_rows(InferContext& ctx) noexcept {
  etc::Meta meta = ctx.meta(0);
  if (meta.rank == 0 || !is_f32(ctx.tensor(0))) return Error::BadShape;
  const int64_t rows = meta.sizes[0];
  --meta.rank;
  for (uint32_t d = 0; d < meta.rank; ++d) meta.sizes[d] = meta.sizes[d + 1];
  for (int64_t i = 0; i < rows; ++i) ETC_TRY(ctx.set_result(static_cast<uint32_t>(i), meta));
  return Error::Ok;
}
Error rows(OpContext ctx) noexcept {
  const float* x = ctx.tensor(0).as<float>();
  for (uint32_t i = 0; i < ctx.tensor(0).sizes[0]; ++i)
    for (int64_t k = 0; k < ctx.tensor(1 + i).numel(); ++k) ctx.tensor(1 + i).as<float>()[k] = *x++;
  return Error::Ok;
}

// x and n more rows of zeros.
Error infer_longer(InferContext& ctx) noexcept {
  etc::Meta meta = ctx.meta(0);
  if (meta.rank != 2 || !is_f32(ctx.tensor(0)) || ctx.integer(1) < 0) return Error::BadShape;
  meta.sizes[0] += ctx.integer(1);
  return ctx.set_result(0, meta);
}
Error longer(OpContext ctx) noexcept {
  const etc::Tensor &x = ctx.tensor(0), &out = ctx.tensor(2);
  for (int64_t i = 0; i < out.numel(); ++i) out.as<float>()[i] = i < x.numel() ? x.as<float>()[i] : 0;
  return Error::Ok;
}

// The rows that begin with a positive number, the sum of every row, and how many rows there were and are. Not more than what is planned.
Error infer_pick(InferContext& ctx) noexcept {
  etc::Meta rows = ctx.meta(0);
  if (rows.rank != 2 || rows.sizes[1] == 0 || !is_f32(ctx.tensor(0))) return Error::BadShape;
  etc::Meta sums = rows, counts;
  sums.rank = 1;
  counts.rank = 1;
  counts.sizes[0] = 2;
  const auto row_bytes = static_cast<uint64_t>(rows.sizes[1]) * sizeof(float);
  rows.sizes[0] = std::min(rows.sizes[0], static_cast<int64_t>(ctx.planned_bytes(1) / row_bytes));
  ETC_TRY(ctx.set_result(0, rows));
  ETC_TRY(ctx.set_result(1, sums));
  return ctx.set_result(2, counts);
}
Error pick(OpContext ctx) noexcept {
  const etc::Tensor &x = ctx.tensor(0), &rows = ctx.tensor(1);
  const int64_t width = x.sizes[1], most = rows.sizes[0];
  int64_t picked = 0;
  for (int64_t r = 0; r < x.sizes[0]; ++r) {
    const float* row = x.as<float>() + r * width;
    float& sum = ctx.tensor(2).as<float>()[r] = 0;
    for (int64_t k = 0; k < width; ++k) sum += row[k];
    if (!(row[0] > 0)) continue;
    if (picked == most) return Error::BadValue;
    for (int64_t k = 0; k < width; ++k) rows.as<float>()[picked * width + k] = row[k];
    ++picked;
  }
  ctx.set_size(1, 0, picked);
  ctx.tensor(3).as<float>()[0] = static_cast<float>(x.sizes[0]);
  ctx.tensor(3).as<float>()[1] = static_cast<float>(picked);
  return Error::Ok;
}
// As pick, but its second result has a size that no model was told.
Error infer_wrong(InferContext& ctx) noexcept {
  etc::Meta rows = ctx.meta(0), sums = rows;
  if (rows.rank != 2) return Error::BadShape;
  sums.rank = 1;
  sums.sizes[0] -= 1;
  ETC_TRY(ctx.set_result(0, rows));
  return ctx.set_result(1, sums);
}
Error wrong(OpContext ctx) noexcept { return ctx.set_size(1, 0, 1), Error::Ok; }

constexpr etc::OpTraits traits_of_pick() {
  etc::OpTraits traits;
  traits.sizes_from_data = true;
  return traits;
}

ETC_OP(custom_combine, "custom::combine(Tensor[] xs, Tensor? w=None, *, str mode='sum', bool negate=False) -> (Tensor, Tensor)",
       infer_combine, always<combine>);
ETC_OP(custom_scaled, "custom::combine.scaled(Tensor x, Scalar factor) -> Tensor", infer_like, always<scaled>);
ETC_OP(custom_count, "custom::count(Tensor x, int[]? dims=None) -> Tensor", infer_count, always<count>);
ETC_OP(custom_fill, "custom::fill(Tensor(a!) x, float value, Tensor? like=None) -> ()", infer_fill, always<fill>);
ETC_OP(custom_acc, "custom::acc_(Tensor(a!) x, Tensor y) -> Tensor(a!)", infer_like, always<accumulate>);
ETC_OP(custom_rows, "custom::rows(Tensor x) -> Tensor[]", infer_rows, always<rows>);
ETC_OP(custom_longer, "custom::longer(Tensor x, SymInt n) -> Tensor", infer_longer, always<longer>);
ETC_OP(custom_pick, "custom::pick(Tensor x) -> (Tensor, Tensor, Tensor)", infer_pick, always<pick>, traits_of_pick());
ETC_OP(custom_wrong, "custom::wrong(Tensor x) -> (Tensor, Tensor)", infer_wrong, always<wrong>, traits_of_pick());

constexpr const etc::Op* kOps[] = {&ops::custom_combine, &ops::custom_scaled, &ops::custom_count, &ops::custom_fill, &ops::custom_acc,
                                   &ops::custom_rows,    &ops::custom_longer, &ops::custom_pick,  &ops::custom_wrong};
constexpr etc::OpTable kTable = {etc::OpTable::kAbi, 9, kOps};

}  // namespace
}  // namespace custom

extern "C" const etc::OpTable* etc_ops() { return &custom::kTable; }
