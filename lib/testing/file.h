// Program files for tests: plain vectors that any test can spoil, written with the Cap'n Proto library, which shares no code with the
// reader under test.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "etc/program.h"
#include "eval.h"
#include "format.h"

namespace etc::testing {

struct MethodSpec {
  std::string name = "forward";
  std::vector<format::Io> inputs, outputs;
  std::vector<format::Value> values;
  std::vector<Operand> operands = {{OperandKind::None, 0, 0, 0}};  // index 0: the scratch of the first instruction
  std::vector<format::Instruction> instructions;
  std::vector<format::Block> blocks;
  std::vector<uint64_t> pool_bytes;
  std::vector<uint32_t> roots;
  std::vector<format::Update> updates;
  std::vector<format::Dynamic> dynamics;
  std::vector<uint32_t> successors;
  uint32_t slots = 0;
  std::vector<int64_t> first_slots;  // what they hold at first; zeros are added up to `slots`, and `encode` appends them to the ints
  uint32_t slot_ints = 0;            // used for an unlikely number of slots
};

// Zeros at a multiple of 64, and not a byte more, so that a sanitizer sees whoever reaches further.
class FileBytes {
 public:
  explicit FileBytes(size_t size);
  std::byte* data() const { return bytes_.get(); }
  size_t size() const { return size_; }
  Span<std::byte> span() const { return {data(), size_}; }
  FileBytes copy() const;

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<std::byte[], Free> bytes_;
  size_t size_;
};

struct FileSpec {
  uint32_t magic = kMagic;
  uint16_t major = kFormatMajor, minor = kFormatMinor;
  uint64_t target = 0, state_bytes = 0;
  std::vector<int64_t> ints;
  std::vector<double> reals;
  std::vector<uint32_t> indices;
  std::string strings;
  std::vector<format::OpName> ops;
  std::vector<format::Pool> pools;
  std::vector<format::State> states;
  std::vector<format::Delegate> delegates;
  std::vector<MethodSpec> methods;
  std::vector<std::byte> constants;
  uint64_t more_constant_bytes = 0;  // what constantBytes says beyond constants.size()

  format::Name name(const std::string& text);
  uint32_t list(const std::vector<int64_t>& values);  // appended to ints
  uint32_t op(const Op& op);                          // by its schema
  uint64_t constant(const void* data, size_t size);   // its offset, a multiple of 64
  void pool(const std::string& name, uint64_t bytes);
  void state(const std::string& name, DType dtype, const std::vector<int64_t>& sizes, const void* initial);

  // Of the last method. A value is its own root, contiguous.
  MethodSpec& method() { return methods.back(); }
  void begin_method(const std::string& name);  // needs all of each pool
  uint32_t value(uint16_t storage, uint64_t offset, DType dtype, const std::vector<int64_t>& sizes);
  uint32_t window(uint32_t root, uint64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides);
  void input(const std::string& name, uint32_t value, uint32_t flags = 0);
  void output(const std::string& name, uint32_t value);
  void call(const Op& op, const std::vector<Operand>& operands, Operand scratch = {OperandKind::None, 0, 0, 0});
  // A call of a delegate of its own. The last `results` operands are results.
  void delegate(const std::string& backend, const void* blob, size_t blob_bytes, uint64_t instance_bytes,
                const std::vector<Operand>& operands, uint32_t results = 1, Operand scratch = {OperandKind::None, 0, 0, 0});
  // A value that takes its sizes and strides from slots; `sizes` are the largest, and what the slots hold at first.
  uint32_t dynamic_value(uint16_t storage, uint64_t offset, DType dtype, const std::vector<int64_t>& sizes);
  void dynamic_call(const Op& op, const std::vector<Operand>& operands, Operand scratch = {OperandKind::None, 0, 0, 0});
  void eval(const std::vector<Operand>& code);
  void swap(const std::vector<Operand>& operands);
  // A block of the calls since the last one.
  void block(format::BlockEnd end = format::BlockEnd::Return, uint32_t target = 0, uint32_t value = 0);

  FileBytes encode() const;

 private:
  void builtin(format::InstructionKind kind, const std::vector<Operand>& operands);
};

inline Operand none() { return {OperandKind::None, 0, 0, 0}; }
inline Operand tensor(uint32_t value) { return {OperandKind::Tensor, 0, 0, value}; }
inline Operand code(EvalCode c, uint32_t index = 0) { return {OperandKind::Code, 0, static_cast<uint16_t>(c), index}; }
inline Operand operand(OperandKind kind, uint32_t index, uint16_t count = 0) { return {kind, 0, count, index}; }

}  // namespace etc::testing
