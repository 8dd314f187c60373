// See blocks.h.
#include "plan/blocks.h"

namespace etc::compile {

void BlockMaker::label(int64_t name, uint32_t count) {
  // An empty block that nothing ends yet can have one more name; else it ends here and runs on into the next.
  if (is_open_ && count > first_) {
    const auto next = static_cast<uint32_t>(plan_.blocks.size() + 1);
    close(PlannedBlock::End::Jump, -1, 0, count);
    plan_.blocks.back().target = next;
  }
  block_[name] = static_cast<uint32_t>(plan_.blocks.size());
  is_open_ = true;
}

void BlockMaker::close(PlannedBlock::End end, int64_t target, uint32_t value, uint32_t count) {
  plan_.blocks.push_back({first_, count - first_, end, 0, value});
  targets_.push_back(target);
  first_ = count;
  is_open_ = end != PlannedBlock::End::Jump;
}

void BlockMaker::finish() {
  close(PlannedBlock::End::Return, -1, 0, static_cast<uint32_t>(plan_.instructions.size()));
  for (size_t b = 0; b < targets_.size(); ++b)
    if (targets_[b] >= 0) plan_.blocks[b].target = block_.at(targets_[b]);
}

}  // namespace etc::compile
