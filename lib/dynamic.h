// Values whose sizes are decided at run time, and the calls that work on them.
//
// Sizes and strides of such a value are slots; its place is planned for the upper bounds that the file states. A dynamic call does
// before every run what load does for a static one: it infers, compares, looks for overlaps, selects and prepares.
#pragma once

#include "parts.h"
#include "format.h"

namespace etc {

inline bool is_dynamic(const Tensor& t) { return kHasDynamic && t.flags >> Tensor::kDynamicShift != 0; }

// The bytes that a dynamic value may take lie before the slots, backwards.
inline int64_t& dynamic_capacity(Slot* slots, uint32_t index) { return slots[-1 - static_cast<ptrdiff_t>(index)].integer; }

// BadShape unless the value, with the sizes that it has now, keeps to the bytes planned for it. Ok for other values.
Error check_extent(const Tensor& t, Slot* slots) noexcept;
// The same for each tensor among `count` operands of an instruction; `*operand` is the position to blame.
Error check_extents(OpContext ctx, uint32_t count, uint32_t* operand) noexcept;
// The bytes that are planned for it, whatever its sizes are now.
uint64_t planned_bytes(const Tensor& t, Slot* slots) noexcept;
// Gives a dynamic value the strides of a contiguous tensor of its sizes. False when there is no such tensor.
bool set_contiguous(const Tensor& t) noexcept;

// True when an operand is a slot or a dynamic value.
bool needs_dynamic_call(OpContext ctx, uint32_t count) noexcept;

// True when the slots of each dynamic result's sizes and strides are nobody else's among the operands: an op with `sizes_from_data` writes
// them.
bool owns_result_slots(OpContext ctx, const Op& op, uint32_t operand_count) noexcept;

// What a dynamic call keeps, before the prepared state of its op.
struct DynamicCall {
  const Op* op;
  uint32_t operand_count;
};
constexpr size_t kDynamicCallBytes = (sizeof(DynamicCall) + 7) / 8 * 8;

// Whether load is to make a dynamic call of it. An external op that may decide sizes is called so even where the file fixes them all: it
// may not give others.
inline bool is_dynamic_call(const format::Instruction& i, const Op& op, bool is_external) {
  return kHasDynamic && (i.flags & format::kDynamicCall || (is_external && op.sizes_from_data));
}

// The kernel of a dynamic call. BadShape: the sizes do not fit each other, the kernel, or the plan.
Error run_dynamic(OpContext ctx) noexcept;

// The kernel of a swap: the first two operands change places, the others, windows on either, go along. `prepared` is the operand count.
Error run_swap(OpContext ctx) noexcept;

}  // namespace etc
