// The inside of a loaded Method, for those who choose the order of its instructions.
#pragma once

#include "arena.h"
#include "delegate.h"
#include "etc/method.h"
#include "format.h"

namespace etc {

// After Method::begin. The instructions of one block may run in any order that respects their dependencies, each thread with a copy of
// the frame; then end_block.
struct MethodSteps {
  static constexpr uint32_t kDone = 0xffffffffu;
  static const Frame& frame(const Method& m) { return m.frame_; }
  static const Instr& instruction(const Method& m, uint32_t i) { return m.instructions_[i]; }
  // The block to run, or kDone.
  static uint32_t block(const Method& m) { return m.block_; }
  // All of the block's instructions have run: follows its jump to the next block that has instructions.
  static Error end_block(Method& m, const format::Block& block) {
    m.frame_.next = block.first + block.count;
    return m.follow_jumps();
  }
  // A run that does not go on leaves all sizes at their largest.
  static void give_up(Method& m, const Fault& fault) { m.failed(nullptr, fault.error, fault.instruction, fault.operand); }
};

}  // namespace etc
