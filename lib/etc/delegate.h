// What a backend gives the runtime: a table of functions with C layout. The compile side has cut a subgraph out of the model and written
// it as a blob, with the subgraph's weights as constant operands; the run side makes an instance of it for each delegate call of each
// loaded method, in memory of the method's arena.
#pragma once

#include "etc/op.h"

namespace etc {

struct DelegateTable;

// `code` is the backend's own number, shown to people beside a failure; Fault::operand carries it.
struct DelegateStatus {
  Error error = Error::Ok;
  uint32_t code = 0;
};

// One delegate call of a loaded method, kept by the core in the arena.
struct DelegateInstance {
  const DelegateTable* table;  // null before init and after destroy
  Span<const std::byte> blob;  // where it lies in the file, at a multiple of 64
  Span<std::byte> memory;      // what `lower` asked for, zeroed, at a multiple of 64
  uint32_t arguments, results;
  uint32_t code;  // of the last failure
};

// Two pointers, passed by value. tensor(i), integer(i) … of OpContext take arguments first, then results. Tensors have the sizes of this
// run, at init the largest; their data may be elsewhere in each run. The core has checked that results can be written and overlap no other
// operand; the rest is for `init` to check: how many operands there are, of which kinds, dtypes and sizes, and how large the workspace is.
// They come from a file that anybody may have written.
struct DelegateContext : OpContext {
  const DelegateInstance& instance() const { return prepared<DelegateInstance>(); }
  uint32_t argument_count() const { return instance().arguments; }
  uint32_t result_count() const { return instance().results; }
  bool is_tensor(uint32_t i) const { return operand(i).kind == OperandKind::Tensor; }
  Tensor argument(uint32_t i) const { return tensor(i); }
  Tensor result(uint32_t i) const { return tensor(instance().arguments + i); }
  Span<const std::byte> blob() const { return instance().blob; }
  Span<std::byte> memory() const { return instance().memory; }
  // Planned bytes that nobody else uses during the call, and everybody between calls; empty when `lower` asked for none.
  Span<std::byte> workspace() const {
    const Operand& o = operand(UINT32_MAX);
    if (o.kind == OperandKind::None) return {};
    const Tensor t = frame->value(o.index);
    return {static_cast<std::byte*>(t.data), static_cast<size_t>(t.sizes[0])};
  }
};
static_assert(sizeof(DelegateContext) == sizeof(OpContext), "passed in two registers");

// Calls for one instance never overlap; different instances run at once, on any threads, init and destroy too. Nothing is thrown.
//
//   init ─▶ (execute | start ─▶ finish)* ─▶ destroy
struct DelegateTable {
  static constexpr uint32_t kAbi = 3;
  static constexpr uint32_t kDynamicSizes = 1;  // takes tensors smaller than the sizes that init saw
  static constexpr uint32_t kAllocates = 2;     // a wrapped library allocates memory of its own, in init only; its header says how much
  static constexpr uint32_t kAllocatesInExecute = 4;  // … and in execute, which the library cannot be talked out of

  uint32_t abi;
  uint32_t flags;
  const char* name;  // as programs name it: "xnnpack"

  // Verifies the whole blob and the operands, fills ctx.memory(). On an error nothing is left behind, and destroy is not called.
  // BadProgram: blob or operands are wrong; WrongVersion, WrongTarget: made for another library or CPU; OutOfMemory, DelegateFailed.
  DelegateStatus (*init)(DelegateContext ctx) noexcept;
  // Runs to the end. Null for an asynchronous backend, which has start and finish: between the two the operands stay as they are,
  // and other instructions may run. finish follows every start that succeeded, on the same thread or another.
  DelegateStatus (*execute)(DelegateContext ctx) noexcept;
  DelegateStatus (*start)(DelegateContext ctx) noexcept;
  DelegateStatus (*finish)(DelegateContext ctx) noexcept;
  // Gives back what init took, but for ctx.memory(). Null: nothing to give back.
  void (*destroy)(DelegateContext ctx) noexcept;
};

// A library exports: extern "C" const etc::DelegateTable* etc_delegate()

}  // namespace etc
