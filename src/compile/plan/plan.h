// Where everything lies and what runs: the last form before the file.
//
//   Graph ─ lower ─▶ Program of instructions over buffers ─ plan_memory ─▶ offsets ─ check_plan ─▶ emit
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace etc::compile {

// A contiguous range of bytes that lives from instruction `first` to `last`, both included; -1 is before the first instruction.
struct Buffer {
  std::string name;
  uint64_t bytes = 0;             // rounded up to kAlignment
  int32_t first = 0, last = 0;
  uint32_t pool = 0;
  uint64_t offset = 0;            // the planner's answer
};

struct Location {
  enum class Kind : uint8_t { Buffer, Constant, State };
  Kind kind = Kind::Buffer;
  uint32_t index = 0;             // of the buffer, constant or state
  int64_t offset_bytes = 0;       // inside it
};

// One tensor that an instruction can name.
struct PlannedValue {
  const Value* value = nullptr;   // null for scratch
  std::string name;
  TensorType type;
  Location location;
};

struct PlannedInstruction {
  const Node* node = nullptr;
  std::string op;
  const std::vector<Argument>* args = nullptr;   // Value* inside map to planned values
  std::vector<uint32_t> results;                 // planned value ids
  int64_t scratch = -1;                          // planned value id or -1
  bool external = false;
};

struct PlannedPool {
  std::string name = "main";
  uint64_t capacity = UINT64_MAX;
  uint64_t bytes = 0;             // used
  uint64_t lower_bound = 0;       // live bytes at the peak
};

struct PlannedConstant {
  const Value* value = nullptr;
  uint64_t offset = 0, bytes = 0;
};

struct PlannedState {
  std::string name;
  const Value* value = nullptr;   // dtype, sizes, initial bytes
  uint64_t offset = 0, bytes = 0; // inside the state block
};

struct PlannedIo {
  std::string name;
  uint32_t value = 0;             // planned value id
  bool written = false;           // inputs: the program changes it
};

// One method, lowered and planned.
struct MemoryPlan {
  std::string method;
  std::vector<PlannedValue> values;
  std::vector<PlannedInstruction> instructions;
  std::vector<Buffer> buffers;
  std::vector<PlannedPool> pools;
  std::vector<PlannedIo> inputs, outputs;
  std::unordered_map<const Value*, uint32_t> value_ids;
};

}  // namespace etc::compile
