// Where everything lies and what runs: the last form before the file.
//
//   Model ─ lower ─▶ instructions over buffers ─ plan_memory ─▶ offsets ─ emit ─▶ file ─ check_plan
//
// Names point into the model, which outlives the plan.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ir/graph.h"
#include "plan/planner.h"
#include "plan/slots.h"

namespace etc::compile {

struct PoolOption {
  std::string name;
  uint64_t capacity = UINT64_MAX;
};

struct PlanOptions {
  std::vector<PoolOption> pools;  // fastest first; none: one pool "main" without limit
  bool in_place = true;           // results may take the place of dying arguments
  bool reuse = true;              // false: no two buffers share bytes, the plan that others are compared with
  Planner planner = {};           // without a function: the default one
  bool for_latency = false;       // order and sharing of bytes leave room for instructions side by side, see latency.h
};

// A contiguous range of bytes that lives from instruction `first` to `last`, both included; -1 is before the first instruction.
struct Buffer {
  std::string name;    // of the first value in it
  uint64_t bytes = 0;  // rounded up to kAlignment
  int64_t first = 0, last = 0;
  uint64_t traffic = 0;  // bytes that instructions read and write in it, for the choice of a pool
  uint32_t pool = 0;
  uint64_t offset = 0;  // the planner's answer
};

struct Location {
  enum class Kind : uint8_t { Buffer, Constant, State };
  Kind kind = Kind::Buffer;
  uint32_t index = 0;         // of the buffer, constant or state
  uint64_t offset_bytes = 0;  // inside it
};

// One tensor that an instruction can name.
struct PlannedValue {
  std::string name;
  TensorType type;  // of symbolic sizes the upper bounds
  Location location;
  uint32_t root = 0;  // the value it is a window on, or itself
  uint32_t sizes_slot = kFixed, strides_slot = kFixed;  // the first of those that hold its sizes and strides
  static constexpr uint32_t kFixed = UINT32_MAX;
  uint32_t fixed_sizes = 0;  // bit d: size d of a dynamic value does not vary
  bool is_dynamic() const { return sizes_slot != kFixed; }
};

struct ValueId {
  uint32_t index = kNone;
  static constexpr uint32_t kNone = UINT32_MAX;  // an absent element of a tensor list
};
struct SlotId {
  uint32_t index = 0;
  bool is_real = false;
};
struct SlotList {
  uint32_t first = 0, count = 0;
};
using PlannedArgument = std::variant<None, ValueId, bool, int64_t, double, std::string, std::vector<ValueId>, std::vector<int64_t>,
                                     std::vector<double>, std::vector<bool>, SlotId, SlotList>;

struct PlannedInstruction {
  std::string op;
  std::vector<PlannedArgument> args;
  std::vector<std::string> arg_names;  // external ops only
  std::vector<uint32_t> results;
  uint32_t scratch = ValueId::kNone;
  bool external = false;
  bool is_swap = false;  // args: two roots that exchange their memory, then all windows on either
  std::shared_ptr<const Delegate> delegate;  // a call of a backend's: arguments are tensors
  uint32_t blob = 0;                         // of the delegate: constant
  bool is_eval = false;  // `code` is what it does; args are the values that it reads
  EvalCodes code;
  std::shared_ptr<const Source> source;
};

// Straight-line instructions, one block after the other, and what follows each.
struct PlannedBlock {
  enum class End : uint8_t { Return, Jump, JumpIfFalse };  // as in program.capnp
  uint32_t first = 0, count = 0;
  End end = End::Return;
  uint32_t target = 0;  // block
  uint32_t value = 0;   // JumpIfFalse: the 0-d bool that decides
};

struct PlannedPool {
  std::string name;
  uint64_t capacity = UINT64_MAX;
  uint64_t bytes = 0;           // used
  uint64_t lower_bound = 0;     // live bytes at the peak of this order: no plan needs less
  bool proven_optimal = false;  // at the lower bound, or nothing smaller exists: the search tried all
};

struct PlannedIo {
  std::string name;
  uint32_t value = 0;
  bool written = false;  // inputs: the program changes it
};

struct PlannedUpdate {  // after a run `target` (an input or a state) holds `value`, which lies there
  uint32_t target = 0, value = 0;
};

// One method, lowered and planned.
struct MemoryPlan {
  std::string method;
  std::vector<PlannedValue> values;
  std::vector<PlannedInstruction> instructions;
  std::vector<PlannedBlock> blocks;  // never empty
  std::vector<Buffer> buffers;
  std::vector<PlannedPool> pools;  // the same names in every method
  std::vector<PlannedIo> inputs, outputs;
  std::vector<PlannedUpdate> updates;
  std::vector<int64_t> slots;  // what they hold at first
};

// Different bytes of all methods, in the constant segment.
struct PlannedConstant {
  ConstantData data;
  uint64_t offset = 0;
};

struct PlannedState {
  std::string name;
  TensorType type;
  uint32_t initial = 0;  // constant
  uint64_t offset = 0;   // in the state block
};

struct ProgramPlan {
  std::vector<MemoryPlan> methods;
  std::vector<PlannedConstant> constants;
  std::vector<PlannedState> states;
  uint64_t constant_bytes = 0, state_bytes = 0;
};

}  // namespace etc::compile
