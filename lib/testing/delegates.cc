// Backends for tests; see delegates.h.
#include "testing/delegates.h"

#include <atomic>

namespace etc::testing {
namespace {

std::atomic<int> live{0}, repeated{0};

ScaleMemory& memory_of(DelegateContext ctx) { return *reinterpret_cast<ScaleMemory*>(ctx.memory().data); }

bool is_vector(const Tensor& t) { return t.dtype == DType::F32 && t.rank == 1 && (t.sizes[0] <= 1 || t.strides[0] == 1); }

DelegateStatus init(DelegateContext ctx) noexcept {
  ScaleBlob blob;
  if (ctx.blob().size != sizeof blob || ctx.memory().size < sizeof(ScaleMemory)) return {Error::BadProgram};
  std::memcpy(&blob, ctx.blob().data, sizeof blob);
  if (blob.magic != ScaleBlob{}.magic || ctx.argument_count() != 1 || ctx.result_count() != 1 || !ctx.is_tensor(0))
    return {Error::BadProgram};
  const Tensor &in = ctx.argument(0), &out = ctx.result(0);
  if (!is_vector(in) || !is_vector(out) || in.sizes[0] != out.sizes[0]) return {Error::BadProgram};
  if (const Span<std::byte> space = ctx.workspace(); space.size != 0 && space.size < sizeof(float) * static_cast<size_t>(in.sizes[0]))
    return {Error::BadProgram};
  if (blob.factor != blob.factor) return {Error::DelegateFailed, 7};
  memory_of(ctx).factor = blob.factor;
  ++live;
  return {};
}

DelegateStatus start(DelegateContext ctx) noexcept {
  ++memory_of(ctx).started;
  return {};
}

DelegateStatus execute(DelegateContext ctx) noexcept {
  const Tensor &in = ctx.argument(0), &out = ctx.result(0);
  const Span<std::byte> space = ctx.workspace();
  float* product = space.size != 0 ? reinterpret_cast<float*>(space.data) : out.as<float>();
  if (in.sizes[0] > 0 && in.as<float>()[0] == 13) return {Error::DelegateFailed, 5};
  for (int64_t i = 0; i < in.sizes[0]; ++i) product[i] = in.as<float>()[i] * memory_of(ctx).factor;
  if (space.size != 0 && in.sizes[0] != 0) std::memcpy(out.data, product, sizeof(float) * static_cast<size_t>(in.sizes[0]));
  ++memory_of(ctx).runs;
  return {};
}

void destroy(DelegateContext) noexcept { --live; }

DelegateStatus init_repeat(DelegateContext ctx) noexcept {
  if (ctx.argument_count() != 1 || ctx.result_count() != 1 || !ctx.is_tensor(0)) return {Error::BadProgram};
  return {is_vector(ctx.argument(0)) && is_vector(ctx.result(0)) ? Error::Ok : Error::BadProgram};
}

DelegateStatus repeat(DelegateContext ctx) noexcept {
  ++repeated;
  const Tensor &in = ctx.argument(0), &out = ctx.result(0);
  const int64_t n = in.sizes[0];
  if (out.sizes[0] != 2 * n) return {Error::BadShape};
  for (int64_t i = 0; i < 2 * n; ++i) out.as<float>()[i] = in.as<float>()[i % n];
  return {};
}

}  // namespace

const DelegateTable kTestDelegate = {
    DelegateTable::kAbi, DelegateTable::kDynamicSizes, "test_scale", init, execute, nullptr, nullptr, destroy};
const DelegateTable kTestAsyncDelegate = {DelegateTable::kAbi, 0, "test_async", init, nullptr, start, execute, destroy};

const DelegateTable kTestRepeatDelegate = {
    DelegateTable::kAbi, DelegateTable::kDynamicSizes, "test_repeat", init_repeat, repeat, nullptr, nullptr, nullptr};

int live_delegates() { return live; }
int repeat_runs() { return repeated; }

}  // namespace etc::testing
