// Running a loaded method: straight-line blocks, and the jumps between them.
#include "arena.h"
#include "etc/method.h"

namespace etc {
namespace {

constexpr uint32_t kDone = 0xffffffffu;  // no block, no instruction

const format::Block* blocks_of(const Program& program, uint32_t method) {
  return ProgramAccess::root(program).methods()[method].blocks().data;
}

Error run_block(Frame* frame, const Instr* i, const Instr* end, const Instr** at) noexcept {
  for (; i != end; ++i)
    if (const Error e = i->run({frame, i}); e != Error::Ok) {
      *at = i;
      return e;
    }
  return Error::Ok;
}

// The block that follows block `at`, or kDone. Every jump that does not go forward spends the budget, so every loop ends.
Error next_block(const format::Block* blocks, uint32_t at, Frame* frame, uint32_t* next) {
  const format::Block& block = blocks[at];
  uint32_t target = at + 1;
  switch (block.end) {
    case format::BlockEnd::Return: target = kDone; break;
    case format::BlockEnd::Jump: target = block.target; break;
    case format::BlockEnd::JumpIfFalse:
      if (*frame->values[block.value].as<const uint8_t>() == 0) target = block.target;
      break;
  }
  if (target <= at) {
    if (frame->budget == 0) return Error::OutOfBudget;
    --frame->budget;
  }
  *next = target;
  return Error::Ok;
}

}  // namespace

Error Method::execute(Fault* fault, uint32_t budget) noexcept {
  const format::Block* blocks = blocks_of(program_, method_);
  frame_.budget = budget;
  for (block_ = 0; block_ != kDone;) {
    const Instr* first = instructions_ + blocks[block_].first;
    const Instr* end = first + blocks[block_].count;
    const Instr* at = end;
    if (const Error e = run_block(&frame_, first, end, &at); e != Error::Ok)
      return fail(fault, e, static_cast<uint32_t>(at - instructions_), fault_code_of(*at, e));
    if (const Error e = next_block(blocks, block_, &frame_, &block_); e != Error::Ok) return fail(fault, e);
  }
  frame_.next = kDone;
  return Error::Ok;
}

void Method::begin(uint32_t budget) noexcept {
  block_ = 0;
  frame_.budget = budget;
  frame_.next = 0;
  follow_jumps();  // an error comes again in step
}

// Moves on from the end of a block to the next instruction, if there is one. Leaves all as it is on error.
Error Method::follow_jumps() noexcept {
  const format::Block* blocks = blocks_of(program_, method_);
  while (block_ != kDone && frame_.next == blocks[block_].first + blocks[block_].count) {
    ETC_TRY(next_block(blocks, block_, &frame_, &block_));
    frame_.next = block_ == kDone ? kDone : blocks[block_].first;
  }
  return Error::Ok;
}

Result<bool> Method::step(Fault* fault) noexcept {
  if (const Error e = follow_jumps(); e != Error::Ok) return fail(fault, e);
  if (block_ == kDone) return false;
  const Instr* instr = instructions_ + frame_.next;
  if (const Error e = instr->run({&frame_, instr}); e != Error::Ok) return fail(fault, e, frame_.next, fault_code_of(*instr, e));
  ++frame_.next;
  follow_jumps();
  return true;
}

uint32_t Method::next_instruction() const noexcept { return frame_.next; }

}  // namespace etc
