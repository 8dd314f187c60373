// Memory from the operating system for what a Method borrows.
#include "host/memory.h"

#include <sys/mman.h>

#include <utility>

#include "host/error.h"

namespace etc::host {

Block::Block(uint64_t bytes, const std::string& what) {
  if (bytes == 0) bytes = kAlignment;  // an address to hand in, always
  void* memory = bytes > PTRDIFF_MAX ? MAP_FAILED : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw UserError("no memory for " + what + " (" + std::to_string(bytes) + " bytes)", kEnvironment);
  data_ = static_cast<std::byte*>(memory);
  size_ = bytes;
}

Block::~Block() {
  if (data_) munmap(data_, size_);
}

Block::Block(Block&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Block& Block::operator=(Block&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MethodMemory::MethodMemory(const Program& program, uint32_t method, const Needs& needs, uint32_t workers)
    : arena_(needs.arena, "the method"), state_(needs.state, "the state") {
  int64_t scratch;
  if (!checked_multiply(static_cast<int64_t>(needs.worker_scratch), workers, &scratch)) scratch = INT64_MAX;
  worker_scratch_ = Block(static_cast<uint64_t>(scratch), "the workers' scratch");
  for (uint32_t i = 0; i < needs.pools; ++i) {
    const Text name = program.pool_name(i);
    pools_.emplace_back(program.pool_bytes(method, i), "pool " + std::string(name.data, name.size));
    pool_spans_.push_back(pools_.back().span());
  }
  if (program.init_state(state_.span()) != Error::Ok) throw UserError("the state block is smaller than its values", kBadInput);
}

Memory MethodMemory::memory() const {
  Memory memory;
  memory.arena = arena_.span();
  memory.pools = {pool_spans_.data(), pool_spans_.size()};
  memory.state = state_.span();
  memory.worker_scratch = worker_scratch_.span();
  return memory;
}

}  // namespace etc::host
