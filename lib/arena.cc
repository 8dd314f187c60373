// The layout of the arena; see arena.h.
#include "arena.h"

#include "dynamic.h"
#include "etc/method.h"

namespace etc {
namespace {

static_assert(round_up_to_word(sizeof(Method)) == kThisAbi.method && sizeof(Span<std::byte>) == kThisAbi.pool &&
                  sizeof(Instr) == kThisAbi.instr && sizeof(Tensor) == kThisAbi.tensor && kDynamicCallBytes == kThisAbi.dynamic_call,
              "the table in abi.h is not true");
static_assert(sizeof(Slot) == 8 && kInstanceBytes == 64, "the same on all machines");

// What the arena keeps for one instruction beside its Instr; delegates have a place of their own.
Error add_prepared_bytes(const format::Instruction& i, OpFinder& ops, const Abi& abi, uint64_t* bytes) {
  const bool is_dynamic =
      i.kind == format::InstructionKind::Eval || i.kind == format::InstructionKind::Swap || i.flags & format::kDynamicCall;
  if ((is_dynamic && !kHasDynamic) || (i.kind == format::InstructionKind::Delegate && !kHasDelegates)) return Error::MissingOp;
  if (i.kind != format::InstructionKind::Kernel) return Error::Ok;
  const Op* op = ops.find(i.op);
  if (!op) return Error::MissingOp;
  *bytes += round_up_to_word(op->prepared_bytes) + (is_dynamic_call(i, *op, ops.is_external(i.op)) ? abi.dynamic_call : 0);
  return Error::Ok;
}

}  // namespace

// No sum can overflow but that of delegates: counts are bounded by the 2^32 words of a segment, slots by 2^32, and a part's unit by 2^16
// bytes.
Result<ArenaLayout> lay_out_arena(const Program& program, uint32_t method, OpFinder& ops, Span<const DelegateTable* const> delegates,
                                  const Abi& abi, Fault* fault) noexcept {
  const format::Method& m = ProgramAccess::root(program).methods()[method];
  const Span<const format::Instruction> instructions = m.instructions();
  if (!kHasDynamic && !m.dynamics().empty()) return fail(fault, Error::MissingOp);
  ArenaLayout layout;
  layout.pools = round_up_to_word(abi.method);
  layout.instructions = round_up_to_word(layout.pools + uint64_t{program.pool_count()} * abi.pool);
  layout.values = round_up_to_word(layout.instructions + uint64_t{instructions.size} * abi.instr);
  layout.slots = round_up_to_word(layout.values + uint64_t{m.values().size} * abi.tensor) + uint64_t{m.dynamics().size} * sizeof(Slot);
  layout.prepared = layout.slots + uint64_t{m.slots} * sizeof(Slot);
  layout.bytes = layout.prepared;
  uint64_t delegate_bytes = 0;
  ExternalCalls external(ProgramAccess::root(program), m);
  for (uint32_t i = 0; i < instructions.size; ++i) {
    const format::Instruction& instruction = instructions[i];
    if (const Error e = add_prepared_bytes(instruction, ops, abi, &layout.bytes); e != Error::Ok) return fail(fault, e, i);
    if (instruction.kind == format::InstructionKind::Kernel && ops.is_external(instruction.op)) {
      uint32_t operand;
      if (const Error e = external.bind(instruction, *ops.find(instruction.op), &operand); e != Error::Ok)
        return fail(fault, e, i, operand);
    }
    if (!kHasDelegates || instruction.kind != format::InstructionKind::Delegate) continue;
    if (!program.find_delegate(instruction.op, delegates)) return fail(fault, Error::MissingOp, i);
    const uint64_t instance = ProgramAccess::root(program).delegates()[instruction.op].instance_bytes;
    if (__builtin_add_overflow(delegate_bytes, kInstanceBytes, &delegate_bytes) ||
        __builtin_add_overflow(delegate_bytes, instance, &delegate_bytes))
      return fail(fault, Error::BadProgram, i);
  }
  layout.external = layout.bytes;
  layout.external_counts = external.counts();
  layout.bytes += external.bytes(layout.external_counts);
  if (delegate_bytes != 0) {
    layout.delegates = (layout.bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (__builtin_add_overflow(layout.delegates, delegate_bytes, &layout.bytes)) return fail(fault, Error::BadProgram);
  }
  // Instr::prepared counts words.
  if (layout.bytes / sizeof(uint64_t) > UINT32_MAX) return fail(fault, Error::BadProgram);
  return layout;
}

Result<Needs> needs_on(const Abi& abi, const Program& program, uint32_t method, Span<const OpTable* const> ops,
                       Span<const DelegateTable* const> delegates, Fault* fault) noexcept {
  if (method >= program.method_count()) return Error::BadArgument;
  OpFinder finder(program, ops);
  const Result<ArenaLayout> layout = lay_out_arena(program, method, finder, delegates, abi, fault);
  if (!layout.ok()) return layout.error();
  Needs needs;
  needs.arena = layout.value().bytes;
  needs.state = program.state_bytes();
  needs.pools = program.pool_count();
  return needs;
}

Result<Needs> Program::needs(uint32_t method, Span<const OpTable* const> ops, Span<const DelegateTable* const> delegates,
                             Fault* fault) const noexcept {
  return needs_on(kThisAbi, *this, method, ops, delegates, fault);
}

}  // namespace etc
