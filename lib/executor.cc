// Running a loaded method: straight-line blocks, and the jumps between them.
#include "arena.h"
#include "parts.h"
#include "etc/method.h"

namespace etc {
namespace {

constexpr uint32_t kDone = 0xffffffffu;  // no block, no instruction

Error run_block(Frame* frame, const Instr* i, const Instr* end, const Instr** at) noexcept {
  for (; i != end; ++i)
    if (const Error e = i->run({frame, i}); e != Error::Ok) {
      *at = i;
      return e;
    }
  return Error::Ok;
}

}  // namespace

// Moves to the block that follows, or to kDone, when what comes out has sizes that fit. Every jump that does not go forward spends
// the budget, so every loop ends. Leaves all as it is on error.
Error Method::next_block() noexcept {
  const format::Block& block = file_->blocks()[block_];
  uint32_t target = block_ + 1;
  switch (block.end) {
    case format::BlockEnd::Return:
      for (size_t n = 0; kHasDynamic && is_dynamic_ && n < file_->inputs().size + file_->outputs().size; ++n)
        ETC_TRY(check_value(file_->io(n).value));
      block_ = kDone;
      return Error::Ok;
    case format::BlockEnd::Jump: target = block.target; break;
    case format::BlockEnd::JumpIfFalse:
      if (*frame_.value(block.value).as<const uint8_t>() == 0) target = block.target;
      break;
  }
  if (target <= block_) {
    if (frame_.budget == 0) return Error::OutOfBudget;
    --frame_.budget;
  }
  block_ = target;
  return Error::Ok;
}

Error Method::failed(Fault* fault, Error error, uint32_t instruction, uint32_t operand) noexcept {
  reset_slots();
  return fail(fault, error, instruction, operand);
}

Error Method::execute(Fault* fault, uint32_t budget) noexcept {
  const format::Block* blocks = file_->blocks().data;
  start(budget);
  while (block_ != kDone) {
    const Instr* first = instructions_ + blocks[block_].first;
    const Instr* end = first + blocks[block_].count;
    const Instr* at = end;
    if (const Error e = run_block(&frame_, first, end, &at); e != Error::Ok)
      return failed(fault, e, static_cast<uint32_t>(at - instructions_), fault_code_of({&frame_, at}, e));
    if (const Error e = next_block(); e != Error::Ok) return failed(fault, e);
  }
  frame_.next = kDone;
  return Error::Ok;
}

void Method::start(uint32_t budget) noexcept {
  if (kHasDynamic && has_swaps_) undo_swaps();
  block_ = 0;
  frame_.budget = budget;
  frame_.next = 0;
}

// What swaps have moved goes back to where the plan has it.
void Method::undo_swaps() noexcept {
  if (!kHasDynamic) return;
  for (const format::Instruction& i : file_->instructions())
    for (uint32_t n = 0; i.kind == format::InstructionKind::Swap && n < i.operand_count; ++n) {
      const uint32_t id = frame_.operands[i.first_operand + n].index;
      const format::Value& v = file_->values()[id];
      frame_.tensors[id].data = frame_.storages[v.storage].data + v.offset;
    }
}

void Method::begin(uint32_t budget) noexcept {
  start(budget);
  follow_jumps();  // an error comes again in step
}

// Moves on from the end of a block to the next instruction, if there is one. Leaves all as it is on error.
Error Method::follow_jumps() noexcept {
  const format::Block* blocks = file_->blocks().data;
  while (block_ != kDone && frame_.next == blocks[block_].first + blocks[block_].count) {
    ETC_TRY(next_block());
    frame_.next = block_ == kDone ? kDone : blocks[block_].first;
  }
  return Error::Ok;
}

Result<bool> Method::step(Fault* fault) noexcept {
  if (const Error e = follow_jumps(); e != Error::Ok) return failed(fault, e);
  if (block_ == kDone) return false;
  const Instr* instr = instructions_ + frame_.next;
  if (const Error e = instr->run({&frame_, instr}); e != Error::Ok)
    return failed(fault, e, frame_.next, fault_code_of({&frame_, instr}, e));
  ++frame_.next;
  follow_jumps();
  return true;
}

uint32_t Method::next_instruction() const noexcept { return frame_.next; }

}  // namespace etc
