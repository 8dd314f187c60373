// Memory from the operating system for what a Method borrows.
#include "host/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "host/error.h"

namespace etc::host {

namespace {

constexpr uint64_t kHugePage = 2 << 20;

// Null when the system gives none.
std::byte* map_memory(uint64_t bytes) {
  if (bytes > PTRDIFF_MAX) return nullptr;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

// Begins at a huge page and asks for more of them: kernels that walk through megabytes lose a part of their time to page tables else.
std::byte* map_huge_memory(uint64_t bytes) {
  std::byte* memory = bytes > PTRDIFF_MAX - kHugePage ? nullptr : map_memory(bytes + kHugePage);
  if (!memory) return nullptr;
  const uint64_t before = (kHugePage - reinterpret_cast<uintptr_t>(memory) % kHugePage) % kHugePage;
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE)), end = (before + bytes + page - 1) / page * page;
  if (before > 0) munmap(memory, before);
  if (end < bytes + kHugePage) munmap(memory + end, bytes + kHugePage - end);
#ifdef MADV_HUGEPAGE
  madvise(memory + before, bytes, MADV_HUGEPAGE);  // what it refuses is not needed
#endif
  return memory + before;
}

}  // namespace

Block::Block(uint64_t bytes, const std::string& what) {
  if (bytes == 0) bytes = kAlignment;  // an address to hand in, always
  data_ = bytes >= kHugePage ? map_huge_memory(bytes) : map_memory(bytes);
  if (!data_) throw UserError("no memory for " + what + " (" + std::to_string(bytes) + " bytes)", kEnvironment);
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
