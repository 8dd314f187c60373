// Delegate calls of a method; see delegate.h.
#include "delegate.h"

#include <new>

#include "check.h"
#include "dynamic.h"

namespace etc {
namespace {

DelegateInstance& instance_of(OpContext ctx) { return *static_cast<DelegateInstance*>(ctx.prepared_data()); }

Error run_delegate(OpContext ctx) noexcept {
  DelegateInstance& instance = instance_of(ctx);
  if (!instance.table) return Error::DelegateFailed;  // unloaded
  const DelegateTable& table = *instance.table;
  const DelegateContext call{ctx};
  DelegateStatus status = table.execute ? table.execute(call) : table.start(call);
  if (!table.execute && status.error == Error::Ok) status = table.finish(call);
  instance.code = status.code;
  return status.error;
}

// Sizes are of this run: what load has seen of them does not hold.
Error run_dynamic_delegate(OpContext ctx) noexcept {
  const DelegateInstance& instance = instance_of(ctx);
  const uint32_t arguments = instance.arguments, results = instance.results;
  const bool has_scratch = ctx.operand(UINT32_MAX).kind == OperandKind::Tensor;
  uint32_t operand;
  ETC_TRY(check_extents(ctx, arguments + results, &operand));
  if (check_places(ctx, {arguments, results, 0, has_scratch ? 1u : 0u}, &operand) != Error::Ok) return Error::BadShape;
  return run_delegate(ctx);
}

bool is_delegate_call(const Instr& instr) { return instr.run == run_delegate || (kHasDynamic && instr.run == run_dynamic_delegate); }

// Arguments may be tensors and numbers; results are tensors.
Error check_kinds(OpContext ctx, uint32_t arguments, uint32_t results, uint32_t* operand) {
  for (uint32_t i = 0; i < arguments + results; ++i) {
    const OperandKind k = ctx.operand(i).kind;
    const bool is_number = k == OperandKind::Int || k == OperandKind::Real || k == OperandKind::Bool || k == OperandKind::IntSlot ||
                           k == OperandKind::RealSlot;
    if (k != OperandKind::Tensor && !(is_number && i < arguments)) return *operand = i, Error::BadProgram;
  }
  return Error::Ok;
}

Error check_delegate_call(OpContext ctx, uint32_t arguments, uint32_t results, uint32_t* operand) {
  ETC_TRY(check_kinds(ctx, arguments, results, operand));
  const Operand& scratch = ctx.operand(UINT32_MAX);  // the one before the first
  const bool has_scratch = scratch.kind == OperandKind::Tensor;
  if (!has_scratch && scratch.kind != OperandKind::None) return Error::BadProgram;
  if (has_scratch && ctx.frame->value(scratch.index).rank != 1) return Error::BadProgram;
  return check_places(ctx, {arguments, results, 0, has_scratch ? 1u : 0u}, operand);
}

}  // namespace

Error DelegateLoader::load(Frame* frame, Instr* instr, const format::Instruction& file, uint32_t* operand) {
  const format::Delegate& d = ProgramAccess::root(program).delegates()[file.op];
  const uint32_t arguments = d.arguments, results = file.operand_count - arguments;
  auto* instance = new (next) DelegateInstance{nullptr, {}, {}, arguments, results, 0};
  instance->blob = {ProgramAccess::constants(program) + d.blob, static_cast<size_t>(d.blob_bytes)};
  instance->memory = {next + kInstanceBytes, static_cast<size_t>(d.instance_bytes)};
  const auto words = static_cast<uint32_t>((next - frame->arena) / 8);
  next += kInstanceBytes + d.instance_bytes;
  std::memset(instance->memory.data, 0, instance->memory.size);

  new (instr) Instr{run_delegate, file.first_operand, words};
  *operand = Fault::kNowhere;
  ETC_TRY(check_delegate_call({frame, instr}, arguments, results, operand));
  const DelegateTable* table = program.find_delegate(file.op, tables);  // lay_out_arena has found it
  if (kHasDynamic && file.flags & format::kDynamicCall) {
    if (!(table->flags & DelegateTable::kDynamicSizes)) return Error::BadProgram;
    instr->run = run_dynamic_delegate;
  } else if (needs_dynamic_call({frame, instr}, file.operand_count)) {
    return Error::BadProgram;
  }
  const DelegateStatus status = table->init({{frame, instr}});
  if (status.error != Error::Ok) return *operand = status.code, status.error;
  instance->table = table;
  return Error::Ok;
}

void destroy_delegates(Frame* frame, Span<const Instr> instructions) {
  if (!kHasDelegates) return;
  for (const Instr& instr : instructions) {
    if (!is_delegate_call(instr)) continue;
    DelegateInstance& instance = instance_of({frame, &instr});
    if (instance.table && instance.table->destroy) instance.table->destroy({{frame, &instr}});
    instance.table = nullptr;
  }
}

uint32_t fault_code_of(OpContext ctx, Error error) {
  return kHasDelegates && is_delegate_call(*ctx.instr) && error == Error::DelegateFailed ? instance_of(ctx).code : Fault::kNowhere;
}

const DelegateTable* Program::find_delegate(uint32_t i, Span<const DelegateTable* const> tables) const noexcept {
  const Text name = delegate_name(i);
  for (const DelegateTable* table : tables)
    if (table->abi == DelegateTable::kAbi && name == table->name && (table->execute || (table->start && table->finish))) return table;
  return nullptr;
}

}  // namespace etc
