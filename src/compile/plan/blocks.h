// From labels and jumps between instructions to blocks.
#pragma once

#include <map>

#include "plan/plan.h"

namespace etc::compile {

// Told in order of what comes after `count` instructions; fills the plan's blocks.
class BlockMaker {
 public:
  explicit BlockMaker(MemoryPlan& plan) : plan_(plan) {}
  void label(int64_t name, uint32_t count);
  void jump(int64_t target, uint32_t count) { close(PlannedBlock::End::Jump, target, 0, count); }
  void jump_if_false(uint32_t value, int64_t target, uint32_t count) { close(PlannedBlock::End::JumpIfFalse, target, value, count); }
  // Ends the last block with a return.
  void finish();

 private:
  void close(PlannedBlock::End end, int64_t target, uint32_t value, uint32_t count);

  MemoryPlan& plan_;
  uint32_t first_ = 0;                 // instruction of the open block
  bool is_open_ = true;                // false right after a jump: only a label can follow
  std::map<int64_t, uint32_t> block_;  // of labels
  std::vector<int64_t> targets_;       // labels, by block; -1: none
};

}  // namespace etc::compile
