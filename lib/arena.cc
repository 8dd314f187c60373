// The layout of the arena; see arena.h.
#include "arena.h"

#include "dynamic.h"
#include "etc/method.h"

namespace etc {
namespace {

// What the arena keeps for one instruction beside its Instr; delegates have a place of their own.
Error add_prepared_bytes(const format::Instruction& i, OpFinder& ops, uint64_t* bytes) {
  if (i.kind != format::InstructionKind::Kernel) return Error::Ok;
  const Op* op = ops.find(i.op);
  if (!op) return Error::MissingOp;
  *bytes += round_up_to_word(op->prepared_bytes) + (i.flags & format::kDynamicCall ? kDynamicCallBytes : 0);
  return Error::Ok;
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
  layout.slots = round_up_to_word(layout.values + m.values().size * sizeof(Tensor)) + m.dynamics().size * sizeof(Slot);
  layout.prepared = layout.slots + uint64_t{m.slots} * sizeof(Slot);
  layout.bytes = layout.prepared;
  uint64_t delegate_bytes = 0;
  for (uint32_t i = 0; i < instructions.size; ++i) {
    if (const Error e = add_prepared_bytes(instructions[i], ops, &layout.bytes); e != Error::Ok) return fail(fault, e, i);
    if (instructions[i].kind != format::InstructionKind::Delegate) continue;
    if (!program.find_delegate(instructions[i].op, delegates)) return fail(fault, Error::MissingOp, i);
    const uint64_t instance = ProgramAccess::root(program).delegates()[instructions[i].op].instance_bytes;
    if (__builtin_add_overflow(delegate_bytes, kInstanceBytes, &delegate_bytes) ||
        __builtin_add_overflow(delegate_bytes, instance, &delegate_bytes))
      return fail(fault, Error::BadProgram, i);
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
