// A method of a program, bound to kernels and memory, ready to run. Lives wholly in the caller's arena.
#pragma once

#include "etc/program.h"

namespace etc {
namespace format {
struct Method;
}

// What the caller lends, each aligned to kAlignment: at least the bytes that Program::needs and pool_bytes say, no two of them
// overlapping. The bytes must outlive the Method; the array of spans need not. `pools` has one span for each pool of the program.
// Constants are never written.
struct Memory {
  Span<std::byte> arena;
  Span<const Span<std::byte>> pools;
  Span<std::byte> state;           // after Program::init_state
  Span<std::byte> worker_scratch;  // hooks.workers blocks
};

class Method {
 public:
  // Finds each op in `ops` (first table that has it), checks every instruction with its `infer`, selects and prepares kernels.
  // `hooks` is copied. Makes an instance of each delegate call; when load fails, those made so far are destroyed. A program without
  // delegates takes no tables of them. MissingOp: an op, or a backend, or an external op that does not take its call; OutOfMemory: a span
  // is too small; BadProgram: an instruction is wrong, or of a kind that this build cannot run; DelegateFailed: a backend's init, its code
  // in fault->operand; BadArgument: memory is not aligned, or no such method. `fault` (may be null) says where.
  static Result<Method*> load(const Program& program, uint32_t method, Span<const OpTable* const> ops,
                              Span<const DelegateTable* const> delegates, const Memory& memory, const Hooks& hooks, Fault* fault) noexcept;

  // Destroys the instances of delegates, after which the method does not run (DelegateFailed). Before its memory goes, every method that
  // has delegates must be unloaded; others may. A second time does nothing.
  void unload() noexcept;

  uint32_t input_count() const noexcept;
  uint32_t output_count() const noexcept;
  // For an input with sizes that vary: the sizes of the next runs, until set again. The input is contiguous in them; set, then fill. At
  // load, and after a failed run, all sizes are the largest. BadShape: another rank, or larger than planned; what the program demands
  // beyond that (a minimum, equal sizes, multiples) execute checks before it writes anything. For other inputs: BadShape when they differ.
  Error set_input_sizes(uint32_t i, Span<const int64_t> sizes) noexcept;

  // Planned memory; fill every input before each execute (the plan reuses their bytes). Valid until the Method's memory ends. Sizes of an
  // output may differ from run to run.
  const Tensor& input(uint32_t i) const noexcept;
  const Tensor& output(uint32_t i) const noexcept;

  // Puts the caller's memory there instead, with the same strides, from the next execute on: the tensor, its windows, and what the
  // program leaves in it. An input that the program does not change is never written. BadArgument, and nothing is changed: null, not
  // 16-byte aligned, smaller than the tensor's extent (at its largest sizes), overlapping other memory of this Method or another binding;
  // or the tensor cannot move: it is a part of a larger value, lies in the state, or shares its bytes with an earlier input or output,
  // which moves both.
  Error bind_input(uint32_t i, Span<std::byte> memory) noexcept;
  Error bind_output(uint32_t i, Span<std::byte> memory) noexcept;

  // Runs the whole method. On error `fault` (may be null) names the instruction; outputs and state are then unspecified. When a backend
  // failed, fault->operand is the backend's own code.
  // `budget` bounds the number of backward jumps.
  Error execute(Fault* fault, uint32_t budget = 0xffffffffu) noexcept;

  // For tracers and debuggers: runs one instruction; false, and nothing run, when the method is done. begin() starts over, and comes before
  // the first step. next_instruction() is the one that step would run, or Fault::kNowhere when the method is done.
  void begin(uint32_t budget = 0xffffffffu) noexcept;
  Result<bool> step(Fault* fault) noexcept;
  uint32_t next_instruction() const noexcept;

  // After an instruction that has set sizes, a dynamic value may be larger than its memory, until an instruction uses it: before its
  // elements are read, check_value(i) must be Ok. Inputs and outputs are sound whenever execute has not just failed.
  Tensor value(uint32_t i) const noexcept;
  Error check_value(uint32_t i) const noexcept;
  uint32_t value_count() const noexcept;

  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;

 private:
  Method() = default;
  friend struct MethodAccess;
  friend struct MethodSteps;  // of lib/host: schedulers
  Error follow_jumps() noexcept;
  Error next_block() noexcept;
  void start(uint32_t budget) noexcept;
  void undo_swaps() noexcept;
  Error failed(Fault* fault, Error error, uint32_t instruction = Fault::kNowhere, uint32_t operand = Fault::kNowhere) noexcept;
  void reset_slots() noexcept;
  Program program_;
  uint32_t method_ = 0;
  uint32_t block_ = 0;
  bool has_swaps_ = false, is_dynamic_ = false;
  const format::Method* file_ = nullptr;
  Frame frame_{};
  Hooks hooks_{};
  Instr* instructions_ = nullptr;
  uint32_t loaded_ = 0;  // instructions that can run
  Span<std::byte> arena_;
};

}  // namespace etc
