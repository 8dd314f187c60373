// The layout of the arena; see arena.h.
#include "arena.h"

#include "dynamic.h"
#include "etc/method.h"

namespace etc {
namespace {

static_assert(round_up_to_word(sizeof(Method)) == kThisAbi.method && sizeof(Span<std::byte>) == kThisAbi.storage &&
                  sizeof(Instr) == kThisAbi.instr && sizeof(Tensor) == kThisAbi.tensor && kDynamicCallBytes == kThisAbi.dynamic_call,
              "the table in abi.h is not true");
static_assert(sizeof(Slot) == 8 && kInstanceBytes == 64, "the same on all machines");

// How many values need a Tensor in memory. bind moves inputs and outputs, with all that lies in their bytes; swaps move their operands,
// which are all windows too; dynamic values change their sizes. What lies before the last of these has a Tensor as well: etc-compile gives
// them the lowest ids.
uint32_t count_tensors(const format::Method& m, bool has_swaps) {
  uint32_t count = 0;
  const Span<const uint32_t> roots = m.roots();
  const auto add = [&](uint32_t value) { count = value < count ? count : value + 1; };
  const auto add_both = [&](uint32_t value) { add(value), add(roots[value]); };
  for (size_t n = 0; n < m.inputs().size + m.outputs().size; ++n) add_both(m.io(n).value);
  for (const format::Update& u : m.updates()) add(u.target), add_both(u.value);
  for (const format::Dynamic& dynamic : m.dynamics()) add(dynamic.value);
  if (has_swaps)
    for (const format::Instruction& i : m.instructions())
      for (uint32_t n = 0; i.kind == format::InstructionKind::Swap && n < i.operand_count; ++n)
        add(m.operands()[i.first_operand + n].index);
  for (uint32_t v = count; v < roots.size; ++v)
    if (roots[v] < count) count = v + 1;  // a window goes along
  return count;
}

}  // namespace

// No sum can overflow but that of delegates: counts are bounded by the 2^32 words of a segment, slots by 2^32, and a part's unit by 2^16
// bytes.
Error lay_out_arena(const Program& program, uint32_t method, OpFinder& ops, Span<const DelegateTable* const> delegates, const Abi& abi,
                    ArenaLayout* result, Fault* fault) noexcept {
  const format::Method& m = ProgramAccess::root(program).methods()[method];
  const Span<const format::Instruction> instructions = m.instructions();
  if (!kHasDynamic && !m.dynamics().empty()) return fail(fault, Error::MissingOp);
  uint64_t prepared_bytes = 0, delegate_bytes = 0;
  bool has_swaps = false;
  ExternalCalls external(ProgramAccess::root(program), m);
  for (uint32_t i = 0; i < instructions.size; ++i) {
    const format::Instruction& instruction = instructions[i];
    if (!kHasDynamic && instruction.flags & format::kDynamicCall) return fail(fault, Error::MissingOp, i);
    if (instruction.kind == format::InstructionKind::Kernel) {
      const Op* op = ops.find(instruction.op);
      if (!op) return fail(fault, Error::MissingOp, i);
      const bool is_external = ops.is_external(instruction.op);
      prepared_bytes += round_up_to_word(op->prepared_bytes) + (is_dynamic_call(instruction, *op, is_external) ? abi.dynamic_call : 0);
      uint32_t operand = Fault::kNowhere;
      if (const Error e = is_external ? external.bind(instruction, *op, &operand) : Error::Ok; e != Error::Ok)
        return fail(fault, e, i, operand);
    } else if (instruction.kind == format::InstructionKind::Delegate) {
      if (!kHasDelegates || !program.find_delegate(instruction.op, delegates)) return fail(fault, Error::MissingOp, i);
      const uint64_t instance = ProgramAccess::root(program).delegates()[instruction.op].instance_bytes;
      if (__builtin_add_overflow(delegate_bytes, kInstanceBytes, &delegate_bytes) ||
          __builtin_add_overflow(delegate_bytes, instance, &delegate_bytes))
        return fail(fault, Error::BadProgram, i);
    } else {
      if (!kHasDynamic) return fail(fault, Error::MissingOp, i);
      has_swaps = has_swaps || instruction.kind == format::InstructionKind::Swap;
    }
  }

  ArenaLayout& layout = *result;
  layout.tensor_count = count_tensors(m, has_swaps);
  layout.storages = round_up_to_word(abi.method);
  layout.instructions = round_up_to_word(layout.storages + (uint64_t{program.pool_count()} + format::kFirstPool) * abi.storage);
  layout.tensors = round_up_to_word(layout.instructions + uint64_t{instructions.size} * abi.instr);
  layout.slots = round_up_to_word(layout.tensors + uint64_t{layout.tensor_count} * abi.tensor) + uint64_t{m.dynamics().size} * sizeof(Slot);
  layout.prepared = layout.slots + uint64_t{m.slots} * sizeof(Slot);
  layout.bytes = layout.prepared + prepared_bytes;
  layout.external = layout.bytes;
  layout.external_counts = external.counts();
  layout.bytes += external.bytes(layout.external_counts);
  if (delegate_bytes != 0) {
    layout.delegates = (layout.bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (__builtin_add_overflow(layout.delegates, delegate_bytes, &layout.bytes)) return fail(fault, Error::BadProgram);
  }
  // Instr::prepared counts words.
  if (layout.bytes / sizeof(uint64_t) > UINT32_MAX) return fail(fault, Error::BadProgram);
  return Error::Ok;
}

Result<Needs> needs_on(const Abi& abi, const Program& program, uint32_t method, Span<const OpTable* const> ops,
                       Span<const DelegateTable* const> delegates, Fault* fault) noexcept {
  if (method >= program.method_count()) return Error::BadArgument;
  OpFinder finder(program, ops);
  ArenaLayout layout;
  if (const Error e = lay_out_arena(program, method, finder, delegates, abi, &layout, fault); e != Error::Ok) return e;
  Needs needs;
  needs.arena = layout.bytes;
  needs.state = program.state_bytes();
  needs.pools = program.pool_count();
  return needs;
}

Result<Needs> Program::needs(uint32_t method, Span<const OpTable* const> ops, Span<const DelegateTable* const> delegates,
                             Fault* fault) const noexcept {
  return needs_on(kThisAbi, *this, method, ops, delegates, fault);
}

}  // namespace etc
