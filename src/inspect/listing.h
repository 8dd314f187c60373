// What a program file says, as plain structs with names: read with Cap'n Proto's own reader after the core has verified the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "etc/program.h"
#include "host/program_file.h"

namespace etc::inspect {

enum class Storage : uint8_t { Constant, State, Pool };

struct Value {
  std::string name;  // in the IR; "v7" after --strip
  DType dtype = DType::F32;
  std::vector<int64_t> sizes, strides;
  Storage storage = Storage::Pool;
  uint32_t pool = 0;
  uint64_t offset = 0, bytes = 0;  // bytes: extent
  uint32_t root = 0;
  uint32_t varying = 0;  // bit d: size d is decided at run time, sizes[d] is the largest
};

struct Source {
  std::string node, module, file;
  uint32_t line = 0;
};

struct Instruction {
  std::string op;
  std::vector<std::string> arguments;   // as text: %name, 3, [1, 2]
  std::vector<uint32_t> reads, writes;  // values; scratch is among the writes
  uint32_t scratch = kNoValue;
  int32_t source = -1;
};

// Instructions in a row and what follows them.
struct Block {
  enum class End : uint8_t { Return, Jump, JumpIfFalse };
  uint32_t first = 0, count = 0;
  End end = End::Return;
  uint32_t target = 0, value = 0;
};

struct Port {
  std::string name;
  uint32_t value = 0;
  bool written = false;
};

struct Update {
  uint32_t target = 0, value = 0;
};

struct Method {
  std::string name;
  std::vector<Port> inputs, outputs;
  std::vector<Value> values;
  std::vector<Instruction> instructions;
  std::vector<Block> blocks;
  std::vector<Update> updates;
  std::vector<uint64_t> pool_bytes;
};

struct State {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> sizes;
  uint64_t offset = 0, bytes = 0;
};

struct Listing {
  std::string path;
  uint64_t file_bytes = 0, constant_bytes = 0, state_bytes = 0;
  uint16_t major = 0, minor = 0;
  std::vector<std::string> pools;
  std::vector<uint64_t> pool_capacities;  // 0: no limit
  std::vector<std::string> ops;
  std::vector<uint32_t> op_hashes;
  std::vector<bool> op_external;
  std::vector<State> states;
  std::vector<Method> methods;
  std::vector<Source> sources;
};

// A file that the core opens, kept mapped.
class OpenProgram {
 public:
  // host::UserError: cannot be read (kEnvironment), is no program or a damaged one (kBadInput).
  explicit OpenProgram(const std::string& path);
  const Program& program() const { return program_; }
  Span<const std::byte> bytes() const { return file_.bytes(); }
  const Listing& listing() const { return listing_; }

 private:
  host::ProgramFile file_;
  Program program_;
  Listing listing_;
};

// "jump to block 3, if %p is false"; empty when the block only runs on into the next.
std::string end_text(const Method& method, size_t block);

// "f32[2,3]"
std::string type_text(DType dtype, const std::vector<int64_t>& sizes);
std::string type_text(const Value& value);  // "f32[<=64,4]" where a size varies
// "model.py:42 layer1.0", or what of it is known.
std::string source_text(const Listing& listing, int32_t source);

}  // namespace etc::inspect
