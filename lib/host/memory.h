// Memory from the operating system for what a Method borrows.
#pragma once

#include <string>
#include <vector>

#include "etc/method.h"

namespace etc::host {

// Zeroed and aligned to kAlignment.
class Block {
 public:
  Block() = default;
  // UserError (kEnvironment) when the system does not give it; `what` says what it was for.
  Block(uint64_t bytes, const std::string& what);
  ~Block();
  Block(Block&& other) noexcept;
  Block& operator=(Block&& other) noexcept;
  Span<std::byte> span() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// The memory of one method, state with its initial values included.
class MethodMemory {
 public:
  MethodMemory(const Program& program, uint32_t method, const Needs& needs, uint32_t workers);
  Memory memory() const;
  Span<std::byte> state() const { return state_.span(); }

 private:
  Block arena_, state_, worker_scratch_;
  std::vector<Block> pools_;
  std::vector<Span<std::byte>> pool_spans_;
};

}  // namespace etc::host
