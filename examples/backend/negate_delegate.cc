// The run side of a backend outside of the tree: negates f32 tensors. Build and use, with what `make install` has put in place:
//
//   g++ -std=c++17 -O2 -fPIC -shared negate_delegate.cc $(pkg-config --cflags etc) -o negate.so
//   etc-run model.etc x.npy --backend ./negate.so
#include "etc/delegate.h"

namespace {

using namespace etc;

// The blob is one such number: how many negations follow each other. A file may say anything: nothing else is believed.
struct Blob {
  uint32_t magic, count;
};
constexpr uint32_t kMagic = 0x6e656761;

bool is_plain(const Tensor& t) { return t.dtype == DType::F32 && is_contiguous(t); }

bool have_same_sizes(const Tensor& a, const Tensor& b) {
  if (a.rank != b.rank) return false;
  for (uint32_t d = 0; d < a.rank; ++d)
    if (a.sizes[d] != b.sizes[d]) return false;
  return true;
}

DelegateStatus init(DelegateContext ctx) noexcept {
  if (ctx.blob().size != sizeof(Blob) || ctx.memory().size < sizeof(float)) return {Error::BadProgram};
  const auto& blob = *reinterpret_cast<const Blob*>(ctx.blob().data);  // at a multiple of 64
  if (blob.magic != kMagic || blob.count == 0) return {Error::BadProgram};
  if (ctx.argument_count() != 1 || ctx.result_count() != 1 || !ctx.is_tensor(0)) return {Error::BadProgram};
  if (!is_plain(ctx.argument(0)) || !is_plain(ctx.result(0)) || !have_same_sizes(ctx.argument(0), ctx.result(0)))
    return {Error::BadProgram};
  *reinterpret_cast<float*>(ctx.memory().data) = blob.count % 2 == 1 ? -1.0f : 1.0f;
  return {};
}

DelegateStatus execute(DelegateContext ctx) noexcept {
  const Tensor &x = ctx.argument(0), &y = ctx.result(0);
  if (!have_same_sizes(x, y)) return {Error::BadShape};  // sizes may be smaller than at init
  const float factor = *reinterpret_cast<const float*>(ctx.memory().data);
  for (int64_t i = 0, n = x.numel(); i < n; ++i) y.as<float>()[i] = factor * x.as<float>()[i];
  return {};
}

constexpr DelegateTable kTable = {DelegateTable::kAbi, DelegateTable::kDynamicSizes, "negate", init, execute, nullptr, nullptr, nullptr};

}  // namespace

extern "C" const etc::DelegateTable* etc_delegate() { return &kTable; }
