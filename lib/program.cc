// Opening a program file, and the questions that it answers before anything is loaded.
//
//   | segments - 1 = 1 | words of segment 1 | words of segment 2 | 0 |   four uint32
//   | segment 1: Program, padded                                     |
//   | segment 2: constants, from a multiple of 64 bytes              |
#include "etc/program.h"

#include "extent.h"
#include "format.h"
#include "verify.h"

namespace etc {
namespace {

constexpr uint64_t kSupportedTarget = 0;  // bits of Program::target that this build's kernels can serve

const format::Program& root(const Program& p) { return ProgramAccess::root(p); }
const format::Method& method_of(const Program& p, uint32_t m) { return root(p).methods()[m]; }

Text text(const Program& p, const format::Name& name) { return {root(p).strings().data + name.offset, name.size}; }

TensorInfo info(const Program& p, uint32_t m, const format::Io& io) {
  const format::Value& v = method_of(p, m).values()[io.value];
  const int64_t* ints = root(p).ints().data;
  TensorInfo t{text(p, io.name), v.dtype, v.rank, io.flags & kWritten, ints + v.sizes, ints + v.strides, 0};
  t.bytes = extent_of({nullptr, t.sizes, t.strides, t.dtype, t.rank, 0, 0});
  if (const format::Dynamic* dynamic = method_of(p, m).dynamic(io.value)) t.varying = ((1u << v.rank) - 1) & ~dynamic->fixed;
  return t;
}

// Names may hold any byte, zero too; a schema ends at its first.
bool is_name_of(Text name, const char* schema) {
  for (uint32_t i = 0; i < name.size; ++i)
    if (schema[i] == 0 || schema[i] != name.data[i]) return false;
  return schema[name.size] == '(';
}

// Of an external op only the name is known: the first table that has it decides.
const Op* find_external(Text name, Span<const OpTable* const> tables) {
  for (const OpTable* table : tables) {
    if (table->abi != OpTable::kAbi) continue;
    for (uint32_t k = 0; k < table->count; ++k)
      if (is_name_of(name, table->ops[k]->schema)) return table->ops[k];
    if (const Op* op = table->find ? table->find(name.data, name.size) : nullptr) return op;
  }
  return nullptr;
}

}  // namespace

Result<Program> Program::open(Span<const std::byte> file) noexcept {
  constexpr uint64_t kHeader = 16, kWord = 8;
  if (reinterpret_cast<uintptr_t>(file.data) % kAlignment != 0) return Error::BadArgument;
  if (file.size < kHeader) return Error::BadProgram;
  const auto* header = reinterpret_cast<const uint32_t*>(file.data);
  const uint64_t program_bytes = header[1] * kWord, constant_bytes = header[2] * kWord;
  if (header[0] != 1 || header[3] != 0 || kHeader + program_bytes + constant_bytes != file.size) return Error::BadProgram;
  if ((kHeader + program_bytes) % kAlignment != 0) return Error::BadProgram;

  // Only the root is read before the version is known to be ours: another version may have other records, not another start.
  const Span<const wire::Word> segment{reinterpret_cast<const wire::Word*>(file.data + kHeader), header[1]};
  if (!wire::Reader(segment).accept_root<format::Program>()) return Error::BadProgram;
  const format::Program& p = wire::root_of<format::Program>(segment.data);
  if (p.magic != kMagic) return Error::BadProgram;
  if (p.major != kFormatMajor || p.minor != kFormatMinor) return Error::WrongVersion;
  if (p.target & ~kSupportedTarget) return Error::WrongTarget;
  if (!verify_program(segment, constant_bytes)) return Error::BadProgram;
  return ProgramAccess::make({file.data + kHeader, static_cast<size_t>(program_bytes)}, file.data + kHeader + program_bytes);
}

uint32_t Program::method_count() const noexcept { return static_cast<uint32_t>(root(*this).methods().size); }
Text Program::method_name(uint32_t method) const noexcept { return text(*this, method_of(*this, method).name); }

Result<uint32_t> Program::find_method(const char* name) const noexcept {
  for (uint32_t m = 0; m < method_count(); ++m)
    if (method_name(m) == name) return m;
  return Error::BadArgument;
}

uint32_t Program::input_count(uint32_t method) const noexcept { return static_cast<uint32_t>(method_of(*this, method).inputs().size); }
uint32_t Program::output_count(uint32_t method) const noexcept { return static_cast<uint32_t>(method_of(*this, method).outputs().size); }
TensorInfo Program::input(uint32_t method, uint32_t i) const noexcept { return info(*this, method, method_of(*this, method).inputs()[i]); }
TensorInfo Program::output(uint32_t method, uint32_t i) const noexcept {
  return info(*this, method, method_of(*this, method).outputs()[i]);
}

uint32_t Program::pool_count() const noexcept { return static_cast<uint32_t>(root(*this).pools().size); }
Text Program::pool_name(uint32_t pool) const noexcept { return text(*this, root(*this).pools()[pool].name); }
uint64_t Program::pool_bytes(uint32_t method, uint32_t pool) const noexcept { return method_of(*this, method).pool_bytes()[pool]; }
uint64_t Program::pool_capacity(uint32_t pool) const noexcept { return root(*this).pools()[pool].capacity; }

uint32_t Program::state_count() const noexcept { return static_cast<uint32_t>(root(*this).states().size); }
uint64_t Program::state_offset(uint32_t i) const noexcept { return root(*this).states()[i].offset; }
uint64_t Program::state_bytes() const noexcept { return root(*this).state_bytes; }

TensorInfo Program::state(uint32_t i) const noexcept {
  const format::State& s = root(*this).states()[i];
  TensorInfo t{text(*this, s.name), s.dtype, s.rank, 0, root(*this).ints().data + s.sizes, nullptr, size_in_bytes(s.dtype)};
  for (uint32_t d = 0; d < s.rank; ++d) t.bytes *= static_cast<uint64_t>(t.sizes[d]);
  return t;
}

Error Program::init_state(Span<std::byte> state) const noexcept {
  if (state.size < state_bytes()) return Error::OutOfMemory;
  for (const format::State& s : root(*this).states())
    if (s.bytes != 0) std::memcpy(state.data + s.offset, constants_ + s.initial, static_cast<size_t>(s.bytes));
  return Error::Ok;
}

Error Program::seed(Span<std::byte> state, uint64_t seed) const noexcept {
  if (state.size < state_bytes()) return Error::OutOfMemory;
  const uint64_t generator[2] = {seed, 0};
  for (const format::State& s : root(*this).states()) {
    if (!(text(*this, s.name) == kGeneratorState) || s.dtype != DType::I64 || s.bytes < sizeof generator) continue;
    std::memcpy(state.data + s.offset, generator, sizeof generator);
    return Error::Ok;
  }
  return Error::BadArgument;
}

uint32_t Program::op_count() const noexcept { return static_cast<uint32_t>(root(*this).ops().size); }
Text Program::op_name(uint32_t i) const noexcept { return text(*this, root(*this).ops()[i].name); }
uint32_t Program::op_hash(uint32_t i) const noexcept { return root(*this).ops()[i].hash; }
bool Program::op_is_external(uint32_t i) const noexcept { return root(*this).ops()[i].external & 1; }

const Op* Program::find_op(uint32_t i, Span<const OpTable* const> tables) const noexcept {
  const Text name = op_name(i);
  if (op_is_external(i)) return find_external(name, tables);
  const uint32_t hash = op_hash(i);
  for (const OpTable* table : tables) {
    if (table->abi != OpTable::kAbi) continue;
    for (uint32_t k = 0; k < table->count; ++k) {
      const Op* op = table->ops[k];
      if (op->schema_hash == hash && is_name_of(name, op->schema)) return op;
    }
  }
  return nullptr;
}

uint32_t Program::delegate_count() const noexcept { return static_cast<uint32_t>(root(*this).delegates().size); }
Text Program::delegate_name(uint32_t i) const noexcept { return text(*this, root(*this).delegates()[i].name); }

uint64_t Program::constant_bytes() const noexcept { return root(*this).constant_bytes; }
uint32_t Program::instruction_count(uint32_t method) const noexcept {
  return static_cast<uint32_t>(method_of(*this, method).instructions().size);
}

}  // namespace etc
