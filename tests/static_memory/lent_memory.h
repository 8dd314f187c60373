// Memory for a method that ends where it is said to end: the next page cannot be touched.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "etc/method.h"

namespace etc::testing {

class GuardedBlock {
 public:
  explicit GuardedBlock(uint64_t bytes) : bytes_(static_cast<size_t>(bytes)) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t rounded = (bytes_ + kAlignment - 1) / kAlignment * kAlignment;
    const size_t pages = (rounded + page - 1) / page * page;
    mapped_ = pages + page;
    base_ = static_cast<std::byte*>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED || mprotect(base_ + pages, page, PROT_NONE) != 0) throw std::bad_alloc();
    data_ = base_ + pages - rounded;
    std::memset(data_, 0x5a, rounded);
  }
  ~GuardedBlock() { munmap(base_, mapped_); }
  GuardedBlock(const GuardedBlock&) = delete;
  Span<std::byte> span(size_t missing = 0) const { return {data_, bytes_ - missing}; }

 private:
  size_t bytes_, mapped_ = 0;
  std::byte *base_ = nullptr, *data_ = nullptr;
};

// Exactly what Program says that the method needs.
struct LentMemory {
  GuardedBlock arena, state, worker_scratch;
  std::vector<std::unique_ptr<GuardedBlock>> pools;
  std::vector<Span<std::byte>> spans;

  LentMemory(const Program& program, uint32_t method, const Needs& needs)
      : arena(needs.arena), state(needs.state), worker_scratch(needs.worker_scratch) {
    for (uint32_t p = 0; p < program.pool_count(); ++p) {
      pools.push_back(std::make_unique<GuardedBlock>(program.pool_bytes(method, p)));
      spans.push_back(pools.back()->span());
    }
  }
  Memory memory() const { return {arena.span(), {spans.data(), spans.size()}, state.span(), worker_scratch.span()}; }
};

}  // namespace etc::testing
