// Writes a plan as the bytes of a program file (lib/program.capnp).
#pragma once

#include <cstdlib>
#include <memory>

#include "plan/plan.h"

namespace etc::compile {

struct EmitOptions {
  bool strip = false;  // leave out names for people
};

// Bytes at an address that is a multiple of 64, as Program::open wants them.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(size_t size);  // zeros; throws std::bad_alloc
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  size_t size() const { return size_; }
  Span<const std::byte> span() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte[], Free> data_;
  size_t size_ = 0;
};

// The same plan gives the same bytes, on any machine. Throws CompileError when the format cannot hold the program.
AlignedBytes emit(const ProgramPlan& plan, const EmitOptions& options = {});

}  // namespace etc::compile
