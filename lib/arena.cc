// The layout of the arena; see arena.h.
#include "arena.h"

#include "etc/method.h"

namespace etc {
namespace {

// The one place that decides what instructions there are. To come: eval of slots,
// swap of two values' addresses, and dynamic calls, which infer again before they run.
Error is_supported(const format::Instruction& i) {
  constexpr uint8_t kDynamic = 1;
  switch (i.kind) {
    case format::InstructionKind::Kernel:
    case format::InstructionKind::Delegate: return i.flags & kDynamic ? Error::BadProgram : Error::Ok;
    case format::InstructionKind::Eval:
    case format::InstructionKind::Swap: break;
  }
  return Error::BadProgram;
}

}  // namespace

// No sum can overflow but that of delegates: counts are bounded by the 2^32 words of a segment, slots by 2^32, and a part's unit by 2^16
// bytes.
Result<ArenaLayout> lay_out_arena(const Program& program, uint32_t method, OpFinder& ops, Span<const DelegateTable* const> delegates,
                                  Fault* fault) noexcept {
  const format::Method& m = ProgramAccess::root(program).methods()[method];
  const Span<const format::Instruction> instructions = m.instructions();
  ArenaLayout layout;
  layout.pools = round_up_to_word(sizeof(Method));
  layout.instructions = round_up_to_word(layout.pools + program.pool_count() * sizeof(Span<std::byte>));
  layout.values = round_up_to_word(layout.instructions + instructions.size * sizeof(Instr));
  layout.slots = round_up_to_word(layout.values + m.values().size * sizeof(Tensor));
  layout.prepared = layout.slots + uint64_t{m.slots} * sizeof(Slot);
  layout.bytes = layout.prepared;
  uint64_t delegate_bytes = 0;
  for (uint32_t i = 0; i < instructions.size; ++i) {
    if (const Error e = is_supported(instructions[i]); e != Error::Ok) return fail(fault, e, i);
    if (instructions[i].kind == format::InstructionKind::Delegate) {
      if (!program.find_delegate(instructions[i].op, delegates)) return fail(fault, Error::MissingOp, i);
      const uint64_t instance = ProgramAccess::root(program).delegates()[instructions[i].op].instance_bytes;
      if (__builtin_add_overflow(delegate_bytes, kInstanceBytes, &delegate_bytes) ||
          __builtin_add_overflow(delegate_bytes, instance, &delegate_bytes))
        return fail(fault, Error::BadProgram, i);
      continue;
    }
    const Op* op = ops.find(instructions[i].op);
    if (!op) return fail(fault, Error::MissingOp, i);
    layout.bytes += round_up_to_word(op->prepared_bytes);
  }
  if (delegate_bytes == 0) return layout;
  layout.delegates = (layout.bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (__builtin_add_overflow(layout.delegates, delegate_bytes, &layout.bytes)) return fail(fault, Error::BadProgram);
  return layout;
}

Result<Needs> Program::needs(uint32_t method, Span<const OpTable* const> ops, Span<const DelegateTable* const> delegates) const noexcept {
  if (method >= method_count()) return Error::BadArgument;
  OpFinder finder(*this, ops);
  const Result<ArenaLayout> layout = lay_out_arena(*this, method, finder, delegates, nullptr);
  if (!layout.ok()) return layout.error();
  Needs needs;
  needs.arena = layout.value().bytes;
  needs.state = state_bytes();
  needs.pools = pool_count();
  return needs;
}

}  // namespace etc
