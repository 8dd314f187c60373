// What a loaded method keeps in the caller's arena, and where.
//
//   | Method | spans of the storages | Instr × instructions | Tensor × values that may move or resize | bytes of each dynamic value |
//   Slot × slots | prepared state of each kernel | external calls | delegates |
//
// Every part starts at a multiple of 8 bytes, delegates (see delegate.h) at one of 64. Sizes, strides, operands and literals stay in the
// file.
#pragma once

#include "abi.h"
#include "delegate.h"
#include "external.h"
#include "format.h"

namespace etc {

struct ArenaLayout {
  uint64_t storages = 0, instructions = 0, tensors = 0, slots = 0, prepared = 0, external = 0, delegates = 0;  // offsets in the arena
  uint32_t tensor_count = 0;
  ExternalCounts external_counts;
  uint64_t bytes = 0;
};

constexpr uint64_t round_up_to_word(uint64_t bytes) { return (bytes + 7) & ~uint64_t{7}; }

// Finds the op of a kernel call in the caller's tables, remembering the first ones of the program: most programs have fewer.
class OpFinder {
 public:
  OpFinder(const Program& program, Span<const OpTable* const> tables)
      : program_(program), names_(ProgramAccess::root(program).ops().data), tables_(tables) {}

  // Null when no table has it.
  const Op* find(uint32_t i) {
    if (i >= kRemembered) return program_.find_op(i, tables_);
    if (!found_[i]) found_[i] = program_.find_op(i, tables_);
    return found_[i];
  }
  bool is_external(uint32_t i) const { return names_[i].external & 1; }

 private:
  static constexpr uint32_t kRemembered = 64;
  const Program& program_;
  const format::OpName* names_;
  Span<const OpTable* const> tables_;
  const Op* found_[kRemembered] = {};
};

// Fills `layout`, a new one, as the arena is on machines of this ABI. MissingOp, or BadProgram for an instruction that this build cannot
// run; `fault` (may be null) says which.
Error lay_out_arena(const Program& program, uint32_t method, OpFinder& ops, Span<const DelegateTable* const> delegates, const Abi& abi,
                    ArenaLayout* layout, Fault* fault) noexcept;

// Program::needs for machines of another ABI.
Result<Needs> needs_on(const Abi& abi, const Program& program, uint32_t method, Span<const OpTable* const> ops,
                       Span<const DelegateTable* const> delegates, Fault* fault = nullptr) noexcept;

// Fills `fault`, when there is one, and returns the error.
inline Error fail(Fault* fault, Error error, uint32_t instruction = Fault::kNowhere, uint32_t operand = Fault::kNowhere) {
  if (fault) *fault = {error, instruction, operand};
  return error;
}

}  // namespace etc
