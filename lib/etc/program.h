// A verified program file, and the memory that running one of its methods takes.
#pragma once

#include "etc/base.h"
#include "etc/delegate.h"
#include "etc/op.h"

namespace etc {

constexpr uint32_t kMagic = 0x00637465u;  // "etc\0"
constexpr uint16_t kFormatMajor = 0;
constexpr uint16_t kFormatMinor = 2;
constexpr size_t kAlignment = 64;  // of the file, each pool, the state block and the arena

// Text inside the program file; not terminated.
struct Text {
  const char* data = nullptr;
  uint32_t size = 0;
  bool operator==(const char* other) const {
    uint32_t i = 0;
    for (; i < size && other[i]; ++i)
      if (data[i] != other[i]) return false;
    return i == size && !other[i];
  }
};

constexpr const char* kGeneratorState = "etc.random";  // the state of the random generator, i64[2] = {key, counter}

constexpr uint32_t kWritten = 1;  // TensorInfo::flags of an input: the program writes it

// A tensor's description in the file. Sizes and strides point into the file.
struct TensorInfo {
  Text name;
  DType dtype = DType::F32;
  uint8_t rank = 0;
  uint32_t flags = 0;
  const int64_t* sizes = nullptr;
  const int64_t* strides = nullptr;  // null for states: they are contiguous
  uint64_t bytes = 0;                // extent in bytes
  uint32_t varying = 0;              // bit d: size d is decided at run time, sizes[d] is the largest
};

// The exact memory of one method, in bytes. Nothing is allocated beyond it, ever.
struct Needs {
  uint64_t arena = 0;           // Method, instructions, tensors, prepared kernel state
  uint64_t state = 0;           // shared by all methods of the program
  uint64_t worker_scratch = 0;  // per worker
  uint32_t pools = 0;           // pool(i) of Program gives each pool's bytes for a method
};

// A view over the caller's bytes, which must stay put, unchanged and 64-byte aligned while the Program and its Methods live.
// Copyable. One Program serves any number of threads, each with its own Method.
class Program {
 public:
  Program() = default;

  // Verifies structure, indices, types, counts and extents, in time linear in the program segment. BadArgument: not aligned;
  // WrongVersion: another format; WrongTarget: needs a CPU that this is not; BadProgram: anything else.
  static Result<Program> open(Span<const std::byte> file) noexcept;

  uint32_t method_count() const noexcept;
  Text method_name(uint32_t method) const noexcept;
  Result<uint32_t> find_method(const char* name) const noexcept;  // BadArgument when there is none

  uint32_t input_count(uint32_t method) const noexcept;
  uint32_t output_count(uint32_t method) const noexcept;
  TensorInfo input(uint32_t method, uint32_t i) const noexcept;
  TensorInfo output(uint32_t method, uint32_t i) const noexcept;

  uint32_t pool_count() const noexcept;
  Text pool_name(uint32_t pool) const noexcept;
  uint64_t pool_bytes(uint32_t method, uint32_t pool) const noexcept;
  uint64_t pool_capacity(uint32_t pool) const noexcept;  // what it was planned for (--pool); 0: no limit

  uint32_t state_count() const noexcept;
  TensorInfo state(uint32_t i) const noexcept;
  uint64_t state_offset(uint32_t i) const noexcept;  // of entry i in the state block
  uint64_t state_bytes() const noexcept;
  // Writes the initial values of all states. OutOfMemory when `state` is smaller than state_bytes().
  Error init_state(Span<std::byte> state) const noexcept;
  // Begins the random numbers anew: the same seed gives the same ones, with any number of threads. After init_state, which begins with
  // seed 0. BadArgument when the program draws none; OutOfMemory as init_state.
  Error seed(Span<std::byte> state, uint64_t seed) const noexcept;

  // Ops that the program names: for reporting all that a table lacks before load stops at the first.
  uint32_t op_count() const noexcept;
  Text op_name(uint32_t i) const noexcept;
  uint32_t op_hash(uint32_t i) const noexcept;
  bool op_is_external(uint32_t i) const noexcept;
  // The entry of `tables` for op i, or null.
  const Op* find_op(uint32_t i, Span<const OpTable* const> tables) const noexcept;

  // Backends that the program names, one entry for each of its subgraphs.
  uint32_t delegate_count() const noexcept;
  Text delegate_name(uint32_t i) const noexcept;
  // The entry of `tables` of that name and of this ABI, the first one, or null.
  const DelegateTable* find_delegate(uint32_t i, Span<const DelegateTable* const> tables) const noexcept;

  uint64_t constant_bytes() const noexcept;
  uint32_t instruction_count(uint32_t method) const noexcept;

  // Exact bytes for a method with these kernels and backends; MissingOp when one is not there (see find_op, find_delegate), or an external
  // op's schema does not fit a call: `fault` (may be null) says which.
  Result<Needs> needs(uint32_t method, Span<const OpTable* const> ops, Span<const DelegateTable* const> delegates = {},
                      Fault* fault = nullptr) const noexcept;

 private:
  friend class Method;
  friend struct ProgramAccess;
  Span<const std::byte> segment_;  // the first segment
  const std::byte* constants_ = nullptr;
};

}  // namespace etc
