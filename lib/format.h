// The records of program.capnp as they lie in a verified file. Each mirrors the schema's struct of its name, word for word;
// format_test compares them with what the Cap'n Proto library reads.
#pragma once

#include "etc/op.h"
#include "etc/program.h"
#include "wire.h"

namespace etc::format {

using wire::Word;

struct Name {
  uint32_t offset, size;
};

struct OpName {
  static constexpr uint32_t kDataWords = 2, kPointerWords = 0;
  uint32_t hash;
  Name name;
  uint32_t external;  // bit 0
};

struct Delegate {
  static constexpr uint32_t kDataWords = 5, kPointerWords = 0;
  Name name;
  uint64_t blob, blob_bytes, instance_bytes;
  uint16_t arguments;
  uint16_t unused[3];
};

struct Pool {
  static constexpr uint32_t kDataWords = 3, kPointerWords = 0;
  Name name;
  uint64_t bytes, capacity;
};

struct State {
  static constexpr uint32_t kDataWords = 5, kPointerWords = 0;
  Name name;
  uint64_t offset, bytes, initial;
  uint32_t sizes;
  uint8_t rank;
  DType dtype;
  uint16_t unused;
};

constexpr uint16_t kConstants = Placement::kConstants, kState = Placement::kState, kFirstPool = Placement::kFirstPool;

struct Value : Placement {
  static constexpr uint32_t kDataWords = 3, kPointerWords = 0;
};

struct OperandRecord : Operand {
  static constexpr uint32_t kDataWords = 1, kPointerWords = 0;
};

constexpr uint8_t kDynamicCall = 1;

enum class InstructionKind : uint8_t { Kernel, Delegate, Eval, Swap };
constexpr uint32_t kInstructionKindCount = 4;

struct Instruction {
  static constexpr uint32_t kDataWords = 2, kPointerWords = 0;
  uint32_t first_operand;
  uint16_t operand_count;
  uint16_t op;
  InstructionKind kind;
  uint8_t flags;  // kDynamicCall
  uint16_t unused[3];
};

enum class BlockEnd : uint8_t { Return, Jump, JumpIfFalse };
constexpr uint32_t kBlockEndCount = 3;

struct Block {
  static constexpr uint32_t kDataWords = 3, kPointerWords = 0;
  uint32_t first, count;
  BlockEnd end;
  uint8_t unused[3];
  uint32_t target;
  uint32_t value;
  uint32_t unused_too;
};

constexpr uint32_t kIoWritten = 1;

struct Io {
  static constexpr uint32_t kDataWords = 2, kPointerWords = 0;
  uint32_t value;
  Name name;
  uint32_t flags;
};

struct Update {
  static constexpr uint32_t kDataWords = 1, kPointerWords = 0;
  uint32_t target, value;
};

struct Dynamic {
  static constexpr uint32_t kDataWords = 2, kPointerWords = 0;
  uint32_t value, sizes, strides;
  uint32_t fixed;  // bit d: size d does not vary
};

struct Method {
  static constexpr uint32_t kDataWords = 2, kPointerWords = 11;
  Name name;
  uint32_t slots, slot_ints;
  Word input_list, output_list, value_list, operand_list, instruction_list, block_list, pool_bytes_list, root_list, update_list,
      dynamic_list, successor_list;

  Span<const Io> inputs() const { return wire::list_at<Io>(input_list); }
  Span<const Io> outputs() const { return wire::list_at<Io>(output_list); }
  Span<const Value> values() const { return wire::list_at<Value>(value_list); }
  Span<const OperandRecord> operands() const { return wire::list_at<OperandRecord>(operand_list); }
  Span<const Instruction> instructions() const { return wire::list_at<Instruction>(instruction_list); }
  Span<const Block> blocks() const { return wire::list_at<Block>(block_list); }
  Span<const uint64_t> pool_bytes() const { return wire::list_at<uint64_t>(pool_bytes_list); }
  Span<const uint32_t> roots() const { return wire::list_at<uint32_t>(root_list); }
  Span<const Update> updates() const { return wire::list_at<Update>(update_list); }
  Span<const Dynamic> dynamics() const { return wire::list_at<Dynamic>(dynamic_list); }
  Span<const uint32_t> successors() const { return wire::list_at<uint32_t>(successor_list); }
  // The entry of a value, or null.
  const Dynamic* dynamic(uint32_t value) const {
    size_t low = 0, high = dynamics().size;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (dynamics()[middle].value < value)
        low = middle + 1;
      else
        high = middle;
    }
    return low < dynamics().size && dynamics()[low].value == value ? &dynamics()[low] : nullptr;
  }
  // Inputs first, then outputs.
  const Io& io(size_t n) const { return n < inputs().size ? inputs()[n] : outputs()[n - inputs().size]; }
};

struct Program {
  static constexpr uint32_t kDataWords = 4, kPointerWords = 11;
  uint32_t magic;
  uint16_t major, minor;
  uint64_t target;
  uint64_t constant_bytes;
  uint64_t state_bytes;
  Word int_list, real_list, index_list, string_list, op_list, pool_list, state_list, method_list, debug, layout_list, delegate_list;

  Span<const int64_t> ints() const { return wire::list_at<int64_t>(int_list); }
  Span<const double> reals() const { return wire::list_at<double>(real_list); }
  Span<const uint32_t> indices() const { return wire::list_at<uint32_t>(index_list); }
  Span<const char> strings() const { return wire::list_at<char>(string_list); }
  Span<const OpName> ops() const { return wire::list_at<OpName>(op_list); }
  Span<const Pool> pools() const { return wire::list_at<Pool>(pool_list); }
  Span<const State> states() const { return wire::list_at<State>(state_list); }
  Span<const Method> methods() const { return wire::list_at<Method>(method_list); }
  Span<const Delegate> delegates() const { return wire::list_at<Delegate>(delegate_list); }
};

}  // namespace etc::format

namespace etc {

// The inside of a Program, for the rest of the core.
struct ProgramAccess {
  static const format::Program& root(const Program& program) {
    return wire::root_of<format::Program>(reinterpret_cast<const wire::Word*>(program.segment_.data));
  }
  static const std::byte* constants(const Program& program) { return program.constants_; }
  static Program make(Span<const std::byte> segment, const std::byte* constants) {
    Program program;
    program.segment_ = segment;
    program.constants_ = constants;
    return program;
  }
};

}  // namespace etc
