// Loading a method into the caller's memory, and binding its inputs and outputs elsewhere.
#include "etc/method.h"

#include <new>

#include "arena.h"
#include "check.h"
#include "extent.h"

namespace etc {
namespace {

bool is_lent(Span<const std::byte> memory, uint64_t bytes) {
  return reinterpret_cast<uintptr_t>(memory.data) % kAlignment == 0 && (memory.data != nullptr || bytes == 0);
}

Error check_memory(const Program& program, uint32_t method, const Memory& memory, const Hooks& hooks) {
  if (method >= program.method_count() || hooks.abi != Hooks{}.abi || hooks.workers == 0) return Error::BadArgument;
  if (memory.pools.size != program.pool_count() || !is_lent(memory.arena, 1) || !is_lent(memory.state, program.state_bytes()))
    return Error::BadArgument;
  if (memory.state.size < program.state_bytes()) return Error::OutOfMemory;
  for (uint32_t p = 0; p < program.pool_count(); ++p) {
    if (!is_lent(memory.pools[p], program.pool_bytes(method, p))) return Error::BadArgument;
    if (memory.pools[p].size < program.pool_bytes(method, p)) return Error::OutOfMemory;
  }
  return Error::Ok;
}

Tensor place(const format::Value& v, const std::byte* constants, const Memory& memory, const int64_t* ints) {
  // Constants are never written; check_call sees to it.
  std::byte* base = v.storage == format::kConstants ? const_cast<std::byte*>(constants)
                    : v.storage == format::kState   ? memory.state.data
                                                    : memory.pools[v.storage - format::kFirstPool].data;
  const uint32_t flags = v.storage == format::kConstants ? kReadOnly : 0;
  return {base ? base + v.offset : nullptr, ints + v.sizes, ints + v.strides, v.dtype, v.rank, 0, flags};
}

// Marks the inputs that the program does not change, their windows, and what it would leave in them.
void protect_inputs(const format::Method& m, Tensor* values) {
  for (const format::Io& io : m.inputs())
    if (!(io.flags & format::kIoWritten)) values[m.roots()[io.value]].flags |= kReadOnly;
  for (const format::Update& u : m.updates()) values[m.roots()[u.value]].flags |= values[u.target].flags;
  for (size_t v = 0; v < m.values().size; ++v) values[v].flags |= values[m.roots()[v]].flags;
}

}  // namespace

struct MethodAccess {
  // The whole of a Method's memory, up to instructions.
  static Method* place_method(const Program& program, uint32_t method, const ArenaLayout& layout, const Memory& memory,
                              const Hooks& hooks) {
    const format::Program& root = ProgramAccess::root(program);
    const format::Method& file = root.methods()[method];
    std::byte* arena = memory.arena.data;
    Method* m = new (arena) Method;
    m->program_ = program;
    m->method_ = method;
    m->hooks_ = hooks;
    m->arena_ = {arena, static_cast<size_t>(layout.bytes)};
    m->state_ = memory.state;
    auto* pools = reinterpret_cast<Span<std::byte>*>(arena + layout.pools);
    for (size_t p = 0; p < memory.pools.size; ++p) new (pools + p) Span<std::byte>(memory.pools[p]);
    m->pools_ = {pools, memory.pools.size};
    m->instructions_ = reinterpret_cast<Instr*>(arena + layout.instructions);
    auto* values = reinterpret_cast<Tensor*>(arena + layout.values);
    for (size_t v = 0; v < file.values().size; ++v)
      new (values + v) Tensor(place(file.values()[v], ProgramAccess::constants(program), memory, root.ints().data));
    protect_inputs(file, values);
    auto* slots = reinterpret_cast<Slot*>(arena + layout.slots);
    for (uint32_t s = 0; s < file.slots; ++s) slots[s].integer = 0;
    m->frame_ = {values,
                 slots,
                 file.operands().data,
                 root.ints().data,
                 root.reals().data,
                 root.indices().data,
                 root.strings().data,
                 memory.worker_scratch.data,
                 &m->hooks_,
                 0,
                 0};
    return m;
  }

  static Error load_instructions(Method& m, OpFinder& ops, std::byte* prepared, DelegateLoader delegates, Fault* fault) {
    const Span<const format::Instruction> file = method_of(m).instructions();
    for (uint32_t i = 0; i < file.size; ++i, m.loaded_ = i) {
      if (file[i].kind == format::InstructionKind::Delegate) {
        uint32_t operand;
        if (const Error e = delegates.load(&m.frame_, m.instructions_ + i, file[i], &operand); e != Error::Ok)
          return fail(fault, e, i, operand);
        continue;
      }
      const Op& op = *ops.find(file[i].op);  // lay_out_arena has found them all
      Instr* instr = new (m.instructions_ + i) Instr{nullptr, nullptr, file[i].first_operand, file[i].op, file[i].flags};
      const OpContext ctx{&m.frame_, instr};
      uint32_t operand;
      if (const Error e = check_call(ctx, op, file[i].operand_count, &operand); e != Error::Ok) return fail(fault, e, i, operand);
      instr->run = op.select(ctx);
      if (!instr->run) return fail(fault, Error::BadProgram, i);
      if (op.prepared_bytes == 0) continue;
      instr->prepared = prepared;
      std::memset(prepared, 0, op.prepared_bytes);
      if (op.prepare && op.prepare(ctx, prepared) != Error::Ok) return fail(fault, Error::BadProgram, i);
      prepared += round_up_to_word(op.prepared_bytes);
    }
    return Error::Ok;
  }

  static const format::Method& method_of(const Method& m) { return ProgramAccess::root(m.program_).methods()[m.method_]; }

  // True when a value of root `other` goes where `root` goes: it is a window on it, or what the method leaves in it.
  static bool moves_with(const format::Method& file, uint32_t other, uint32_t root) {
    if (other == root) return true;
    for (const format::Update& u : file.updates())
      if (u.target == root && file.roots()[u.value] == other) return true;
    return false;
  }

  static bool is_free(const Method& m, const format::Method& file, uint32_t root, Span<const std::byte> memory) {
    const auto overlaps = [&](const std::byte* data, uint64_t bytes) {
      const auto a = reinterpret_cast<uintptr_t>(memory.data), b = reinterpret_cast<uintptr_t>(data);
      return bytes != 0 && memory.size != 0 && a < b + bytes && b < a + memory.size;
    };
    for (const Span<std::byte>& pool : m.pools_)
      if (overlaps(pool.data, pool.size)) return false;
    const std::byte* constants = ProgramAccess::constants(m.program_);
    if (overlaps(m.state_.data, m.state_.size) || overlaps(m.arena_.data, m.arena_.size) ||
        overlaps(constants, m.program_.constant_bytes()))
      return false;
    for (size_t n = 0; n < file.inputs().size + file.outputs().size; ++n) {
      const uint32_t v = file.io(n).value;
      const Tensor& t = m.frame_.values[v];
      if (!moves_with(file, file.roots()[v], root) && overlaps(static_cast<const std::byte*>(t.data), extent_of(t))) return false;
    }
    return true;
  }

  // `n` counts inputs first, then outputs: of those that share their bytes, the first decides where they lie.
  static Error bind(Method& m, size_t n, Span<std::byte> memory) {
    constexpr uintptr_t kBoundAlignment = 16;
    const format::Method& file = method_of(m);
    const Span<const format::Value> values = file.values();
    const Span<const uint32_t> roots = file.roots();
    const format::Io& io = file.io(n);
    const uint32_t root = roots[io.value];
    Tensor* tensors = m.frame_.values;
    const uint64_t bytes = extent_of(tensors[io.value]);

    if (!memory.data || reinterpret_cast<uintptr_t>(memory.data) % kBoundAlignment != 0 || memory.size < bytes) return Error::BadArgument;
    // State stays where it is, and a part of a larger value cannot go without the rest.
    if (values[io.value].storage < format::kFirstPool || values[root].offset != values[io.value].offset ||
        extent_of(tensors[root]) != bytes)
      return Error::BadArgument;
    for (size_t other = 0; other < n; ++other)
      if (moves_with(file, root, roots[file.io(other).value])) return Error::BadArgument;
    for (const format::Update& u : file.updates())
      if (u.target != root && roots[u.value] == root) return Error::BadArgument;
    if (!is_free(m, file, root, {memory.data, static_cast<size_t>(bytes)})) return Error::BadArgument;

    const auto move = [&](uint32_t moved_root) {
      for (size_t v = 0; v < values.size; ++v)
        if (roots[v] == moved_root && extent_of(tensors[v]) != 0) tensors[v].data = memory.data + (values[v].offset - values[root].offset);
    };
    move(root);
    for (const format::Update& u : file.updates())
      if (u.target == root && roots[u.value] != root) move(roots[u.value]);
    return Error::Ok;
  }
};

Result<Method*> Method::load(const Program& program, uint32_t method, Span<const OpTable* const> ops,
                             Span<const DelegateTable* const> delegates, const Memory& memory, const Hooks& hooks, Fault* fault) noexcept {
  if (const Error e = check_memory(program, method, memory, hooks); e != Error::Ok) return fail(fault, e);
  OpFinder finder(program, ops);
  const Result<ArenaLayout> layout = lay_out_arena(program, method, finder, delegates, fault);
  if (!layout.ok()) return layout.error();
  if (memory.arena.size < layout.value().bytes) return fail(fault, Error::OutOfMemory);
  Method* m = MethodAccess::place_method(program, method, layout.value(), memory, hooks);
  const ArenaLayout& at = layout.value();
  const DelegateLoader loader{program, delegates, memory.arena.data + at.delegates};
  const Error e = MethodAccess::load_instructions(*m, finder, memory.arena.data + at.prepared, loader, fault);
  if (e != Error::Ok) return m->unload(), e;
  return m;
}

void Method::unload() noexcept { destroy_delegates(&frame_, {instructions_, loaded_}); }

uint32_t Method::input_count() const noexcept { return program_.input_count(method_); }
uint32_t Method::output_count() const noexcept { return program_.output_count(method_); }
uint32_t Method::value_count() const noexcept { return static_cast<uint32_t>(MethodAccess::method_of(*this).values().size); }

const Tensor& Method::value(uint32_t i) const noexcept { return frame_.values[i]; }
const Tensor& Method::input(uint32_t i) const noexcept { return value(MethodAccess::method_of(*this).inputs()[i].value); }
const Tensor& Method::output(uint32_t i) const noexcept { return value(MethodAccess::method_of(*this).outputs()[i].value); }

Error Method::bind_input(uint32_t i, Span<std::byte> memory) noexcept {
  return i < input_count() ? MethodAccess::bind(*this, i, memory) : Error::BadArgument;
}
Error Method::bind_output(uint32_t i, Span<std::byte> memory) noexcept {
  return i < output_count() ? MethodAccess::bind(*this, size_t{input_count()} + i, memory) : Error::BadArgument;
}

}  // namespace etc
