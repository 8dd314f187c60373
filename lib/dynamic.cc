// Dynamic calls and swaps; see dynamic.h.
#include "dynamic.h"

#include "check.h"
#include "extent.h"

namespace etc {
namespace {

// Runs f(tensor, position) for each tensor among the operands, elements of lists too, until it says no.
template <class F>
bool all_tensors(OpContext ctx, uint32_t count, F f) {
  for (uint32_t i = 0; i < count; ++i) {
    if (ctx.operand(i).kind == OperandKind::Tensor) {
      if (!f(ctx.tensor(i), i)) return false;
    } else if (ctx.operand(i).kind == OperandKind::Tensors) {
      const Tensors list = ctx.tensors(i);
      for (uint32_t k = 0; k < list.size; ++k)
        if (list.has(k) && !f(list[k], i)) return false;
    }
  }
  return true;
}

// The kernel has said how large its results are: they are contiguous.
Error settle_results(OpContext ctx, const Op& op, uint32_t operand_count) {
  if (ctx.frame->wrong_size) return Error::BadShape;
  for (uint32_t r = op.signature.arguments; r < operand_count; ++r) {
    const Tensor t = ctx.tensor(r);
    if (!is_dynamic(t)) continue;
    if (t.rank != 0 && !set_contiguous(t)) return Error::BadShape;
    ETC_TRY(check_extent(t, ctx.frame->slots));
  }
  return Error::Ok;
}

}  // namespace

bool set_contiguous(const Tensor& t) noexcept {
  int64_t step = 1;
  for (uint32_t d = t.rank; d-- > 0;) {
    const_cast<int64_t*>(t.strides)[d] = step;
    if (!checked_multiply(step, t.sizes[d] == 0 ? 1 : t.sizes[d], &step)) return false;
  }
  return true;
}

uint64_t planned_bytes(const Tensor& t, Slot* slots) noexcept {
  return is_dynamic(t) ? static_cast<uint64_t>(dynamic_capacity(slots, (t.flags >> Tensor::kDynamicShift) - 1)) : extent_of(t);
}

Error check_extent(const Tensor& t, Slot* slots) noexcept {
  if (!is_dynamic(t)) return Error::Ok;
  uint64_t bytes;
  const bool sound = extent_of(t.dtype, t.rank, t.sizes, t.strides, &bytes);
  return sound && bytes <= planned_bytes(t, slots) ? Error::Ok : Error::BadShape;
}

Error check_extents(OpContext ctx, uint32_t count, uint32_t* operand) noexcept {
  if (!kHasDynamic) return Error::Ok;
  const bool fit = all_tensors(ctx, count, [&](const Tensor& t, uint32_t i) {
    *operand = i;
    return check_extent(t, ctx.frame->slots) == Error::Ok;
  });
  return fit ? Error::Ok : Error::BadShape;
}

bool needs_dynamic_call(OpContext ctx, uint32_t count) noexcept {
  for (uint32_t i = 0; i < count; ++i) {
    const OperandKind kind = ctx.operand(i).kind;
    if (kind == OperandKind::IntSlot || kind == OperandKind::RealSlot || kind == OperandKind::IntSlots) return true;
  }
  return !all_tensors(ctx, count, [](const Tensor& t, uint32_t) { return !is_dynamic(t); });
}

bool owns_result_slots(OpContext ctx, const Op& op, uint32_t count) noexcept {
  struct Range {
    const int64_t *begin, *end;
    bool meets(const Range& o) const { return begin < o.end && o.begin < end; }
  };
  const auto sizes_of = [](const Tensor& t) { return Range{t.sizes, t.sizes + t.rank}; };
  const auto strides_of = [](const Tensor& t) { return Range{t.strides, t.strides + t.rank}; };
  const uint32_t arguments = op.signature.arguments;
  for (uint32_t r = arguments; r < count; ++r) {
    if (!is_dynamic(ctx.tensor(r))) continue;
    const Range sizes = sizes_of(ctx.tensor(r)), strides = strides_of(ctx.tensor(r));
    const auto is_free = [&](const Range& other) { return !sizes.meets(other) && !strides.meets(other); };
    if (sizes.meets(strides)) return false;
    if (!all_tensors(ctx, count, [&](const Tensor& t, uint32_t i) { return i == r || (is_free(sizes_of(t)) && is_free(strides_of(t))); }))
      return false;
    for (uint32_t i = 0; i < arguments; ++i) {
      const Operand& o = ctx.operand(i);
      if (o.kind != OperandKind::IntSlot && o.kind != OperandKind::RealSlot && o.kind != OperandKind::IntSlots) continue;
      const int64_t* slot = &ctx.frame->slots[o.index].integer;
      if (!is_free({slot, slot + (o.kind == OperandKind::IntSlots ? o.count : 1)})) return false;
    }
  }
  return true;
}

Error run_dynamic(OpContext ctx) noexcept {
  auto* prepared = static_cast<std::byte*>(ctx.prepared_data());
  const auto& call = *reinterpret_cast<const DynamicCall*>(prepared - kDynamicCallBytes);
  const Op& op = *call.op;
  uint32_t operand;
  // Results of a kernel that decides their sizes still have those of the last run, which infer is about to replace.
  const uint32_t settled = op.sizes_from_data ? op.signature.arguments : call.operand_count;
  ETC_TRY(check_extents(ctx, settled, &operand));
  if (check_sizes(ctx, op, call.operand_count, &operand) != Error::Ok) return Error::BadShape;
  const Kernel kernel = op.select(ctx);
  if (!kernel) return Error::BadShape;
  if (op.prepare) {
    std::memset(prepared, 0, op.prepared_bytes);
    if (op.prepare(ctx, prepared) != Error::Ok) return Error::BadShape;
  }
  ctx.frame->wrong_size = false;
  ETC_TRY(kernel(ctx));
  return op.sizes_from_data ? settle_results(ctx, op, call.operand_count) : Error::Ok;
}

Error run_swap(OpContext ctx) noexcept {
  Frame& frame = *ctx.frame;
  const Operand* operands = frame.operands + ctx.instr->first_operand;
  Tensor &a = frame.tensors[operands[0].index], &b = frame.tensors[operands[1].index];
  const auto a_at = reinterpret_cast<uintptr_t>(a.data), b_at = reinterpret_cast<uintptr_t>(b.data);
  const uint64_t bytes = planned_bytes(a, frame.slots);
  for (uint32_t i = 2; i < ctx.instr->prepared; ++i) {
    Tensor& window = frame.tensors[operands[i].index];
    const auto at = reinterpret_cast<uintptr_t>(window.data);
    const bool on_a = at >= a_at && at - a_at < bytes;
    window.data = reinterpret_cast<void*>(on_a ? at - a_at + b_at : at - b_at + a_at);
  }
  a.data = reinterpret_cast<void*>(b_at);
  b.data = reinterpret_cast<void*>(a_at);
  return Error::Ok;
}

}  // namespace etc
