// A plan as the records and literal pools of the file, before Cap'n Proto.
#pragma once

#include "emit/literals.h"
#include "etc/op.h"
#include "plan/plan.h"

namespace etc::compile {

struct FlatName {
  uint32_t offset = 0, size = 0;  // in the strings
};
struct FlatOp {
  FlatName name;
  uint32_t hash = 0;
  bool external = false;
};
struct FlatValue {
  uint64_t offset = 0;
  uint16_t storage = 0;
  DType dtype = DType::F32;
  uint8_t rank = 0;
  uint32_t sizes = 0, strides = 0, root = 0;
};
struct FlatDelegate {
  FlatName name;
  uint64_t blob = 0, blob_bytes = 0, instance_bytes = 0;
  uint16_t arguments = 0;
};
struct FlatDynamic {
  uint32_t value = 0, sizes = 0, strides = 0;
  uint32_t fixed = 0;  // bit d: size d does not vary
};
struct FlatInstruction {
  uint32_t first_operand = 0;
  uint16_t operand_count = 0, op = 0;
  uint8_t kind = 0;  // of program.capnp
  bool is_dynamic = false;
};
struct FlatIo {
  uint32_t value = 0;
  FlatName name;
  bool written = false;
};
struct FlatMethod {
  FlatName name;
  std::vector<FlatIo> inputs, outputs;
  std::vector<FlatValue> values;
  std::vector<Operand> operands;
  std::vector<FlatInstruction> instructions;
  std::vector<PlannedBlock> blocks;
  std::vector<PlannedUpdate> updates;
  std::vector<uint64_t> pool_bytes;
  std::vector<FlatDynamic> dynamics;
  uint32_t slots = 0, slot_ints = 0;
};
struct FlatPool {
  FlatName name;
  uint64_t bytes = 0, capacity = 0;
};
struct FlatState {
  FlatName name;
  uint64_t offset = 0, bytes = 0, initial = 0;
  uint32_t sizes = 0;
  uint8_t rank = 0;
  DType dtype = DType::F32;
};
struct FlatProgram {
  LiteralPool<int64_t> ints;
  LiteralPool<double> reals;
  LiteralPool<uint32_t> indices;
  LiteralPool<char> strings;
  std::vector<FlatOp> ops;
  std::vector<FlatPool> pools;
  std::vector<FlatState> states;
  std::vector<FlatDelegate> delegates;
  std::vector<FlatMethod> methods;
};

// Throws CompileError when something does not fit the format's fields.
FlatProgram flatten(const ProgramPlan& plan);

}  // namespace etc::compile
