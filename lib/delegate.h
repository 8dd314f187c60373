// Delegate calls of a method: their place at the end of the arena, and their life.
//
//   | DelegateInstance of call 0 | its memory | DelegateInstance of call 1 | its memory | …      every part at a multiple of 64
#pragma once

#include "etc/delegate.h"
#include "format.h"

namespace etc {

constexpr uint64_t kInstanceBytes = (sizeof(DelegateInstance) + kAlignment - 1) / kAlignment * kAlignment;

// Makes the instances of one method, in the order of its instructions.
struct DelegateLoader {
  const Program& program;
  Span<const DelegateTable* const> tables;
  std::byte* next;  // where the next instance goes

  // Checks the operands' places, makes the instance of a call and has `instr` run it. `*operand` is for Fault.
  Error load(Frame* frame, Instr* instr, const format::Instruction& file, uint32_t* operand);
};

// Destroys the instances that are alive.
void destroy_delegates(Frame* frame, Span<const Instr> instructions);
// What a failed call of this instruction has to say in Fault::operand.
uint32_t fault_code_of(OpContext ctx, Error error);

}  // namespace etc
