// Loading a method into the caller's memory, and binding its inputs and outputs elsewhere.
#include "etc/method.h"

#include <new>

#include "arena.h"
#include "check.h"
#include "dynamic.h"
#include "eval.h"
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

// Marks the inputs that the program does not change, their windows, and what it would leave in them.
void protect_inputs(const format::Method& m, Span<Tensor> tensors) {
  const Span<const uint32_t> roots = m.roots();
  for (const format::Io& io : m.inputs())
    if (!(io.flags & format::kIoWritten)) tensors[roots[io.value]].flags |= Tensor::kReadOnly;
  for (const format::Update& u : m.updates()) tensors[roots[u.value]].flags |= tensors[u.target].flags & Tensor::kReadOnly;
  for (size_t v = 0; v < tensors.size; ++v)
    if (roots[v] < tensors.size) tensors[v].flags |= tensors[roots[v]].flags & Tensor::kReadOnly;
}

// Lets dynamic values take their sizes from slots.
void connect_dynamics(const format::Method& m, Tensor* tensors, Slot* slots) {
  for (uint32_t i = 0; i < m.dynamics().size; ++i) {
    const format::Dynamic& dynamic = m.dynamics()[i];
    Tensor& t = tensors[dynamic.value];
    dynamic_capacity(slots, i) = static_cast<int64_t>(extent_of(t));
    t.sizes = &slots[dynamic.sizes].integer;
    t.strides = &slots[dynamic.strides].integer;
    t.flags |= (i + 1) << Tensor::kDynamicShift;
  }
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
    m->file_ = &file;
    m->is_dynamic_ = kHasDynamic && (file.slots != 0 || !file.dynamics().empty());
    m->hooks_ = hooks;
    m->arena_ = {arena, static_cast<size_t>(layout.bytes)};
    m->instructions_ = reinterpret_cast<Instr*>(arena + layout.instructions);
    Frame& frame = m->frame_;
    frame.tensors = reinterpret_cast<Tensor*>(arena + layout.tensors);
    frame.placements = file.values().data;
    frame.storages = place_storages(program, memory, arena + layout.storages);
    frame.slots = reinterpret_cast<Slot*>(arena + layout.slots);
    frame.operands = file.operands().data;
    frame.ints = root.ints().data;
    frame.reals = root.reals().data;
    frame.indices = root.indices().data;
    frame.strings = root.strings().data;
    frame.arena = arena;
    frame.worker_scratch = memory.worker_scratch.data;
    frame.hooks = &m->hooks_;
    for (uint32_t v = 0; v < layout.tensor_count; ++v) new (frame.tensors + v) Tensor(frame.value(v));
    frame.tensor_count = layout.tensor_count;
    protect_inputs(file, {frame.tensors, frame.tensor_count});
    if (kHasDynamic) connect_dynamics(file, frame.tensors, frame.slots);
    m->reset_slots();
    return m;
  }

  static Span<std::byte>* place_storages(const Program& program, const Memory& memory, std::byte* at) {
    auto* storages = reinterpret_cast<Span<std::byte>*>(at);
    // Constants are never written; check_sizes sees to it.
    auto* constants = const_cast<std::byte*>(ProgramAccess::constants(program));
    new (storages + format::kConstants) Span<std::byte>(constants, static_cast<size_t>(program.constant_bytes()));
    new (storages + format::kState) Span<std::byte>(memory.state);
    for (size_t p = 0; p < memory.pools.size; ++p) new (storages + format::kFirstPool + p) Span<std::byte>(memory.pools[p]);
    return storages;
  }

  static Error load_instructions(Method& m, OpFinder& ops, const ArenaLayout& layout, DelegateLoader delegates, Fault* fault) {
    const Span<const format::Instruction> file = m.file_->instructions();
    std::byte* prepared = m.arena_.data + layout.prepared;
    ExternalCalls external(ProgramAccess::root(m.program_), *m.file_);
    Reach reach;
    external.use(layout.external_counts, m.arena_.data + layout.external, &m.frame_);
    for (uint32_t i = 0; i < file.size; ++i, m.loaded_ = i) {
      Instr* instr = new (m.instructions_ + i) Instr{nullptr, file[i].first_operand, 0};
      uint32_t operand = Fault::kNowhere;
      Error e;
      if (kHasDelegates && file[i].kind == format::InstructionKind::Delegate) {
        e = delegates.load(&m.frame_, instr, file[i], &operand);
      } else if (kHasDynamic && file[i].kind != format::InstructionKind::Kernel) {
        e = load_builtin(m, file[i], instr, &operand);
      } else {
        e = load_kernel(m, ops, file[i], instr, &external, &prepared, &reach, &operand);
      }
      if (e != Error::Ok) return fail(fault, e, i, operand);
    }
    return Error::Ok;
  }

  static Error load_kernel(Method& m, OpFinder& ops, const format::Instruction& file, Instr* instr, ExternalCalls* external,
                           std::byte** prepared, Reach* reach, uint32_t* operand) {
    const Op& op = *ops.find(file.op);  // lay_out_arena has found them all
    const bool is_external = ops.is_external(file.op), is_dynamic = is_dynamic_call(file, op, is_external);
    uint32_t operand_count = file.operand_count;
    if (!is_dynamic && (op.sizes_from_data || (m.is_dynamic_ && needs_dynamic_call({&m.frame_, instr}, operand_count))))
      return Error::BadProgram;
    if (is_external) {
      ETC_TRY(external->bind(file, op, operand));
      instr->first_operand = external->first_operand();
      operand_count = external->operand_count();
    }
    Error e = check_call({&m.frame_, instr}, op, operand_count, file.flags & format::kDynamicCall ? nullptr : reach, operand);
    if (e == Error::Ok) e = is_dynamic ? load_dynamic(m, op, operand_count, instr, prepared) : load_static(m, op, instr, prepared);
    // The compiler has not seen an external op: it is the table that does not fit the model.
    return is_external && e == Error::BadProgram ? Error::MissingOp : e;
  }

  // lay_out_arena has seen that they can be counted.
  static uint32_t words_to(const Method& m, const std::byte* prepared) { return static_cast<uint32_t>((prepared - m.arena_.data) / 8); }

  // Takes bytes for the prepared state from *prepared, and moves that on.
  static Error load_static(Method& m, const Op& op, Instr* instr, std::byte** prepared) {
    const OpContext ctx{&m.frame_, instr};
    instr->run = op.select(ctx);
    if (!instr->run) return Error::MissingOp;  // a selective build may leave dtypes out
    if (op.prepared_bytes == 0) return Error::Ok;
    instr->prepared = words_to(m, *prepared);
    std::memset(*prepared, 0, op.prepared_bytes);
    if (op.prepare && op.prepare(ctx, *prepared) != Error::Ok) return Error::BadProgram;
    *prepared += round_up_to_word(op.prepared_bytes);
    return Error::Ok;
  }

  // The rest is done before each run.
  static Error load_dynamic(Method& m, const Op& op, uint32_t operand_count, Instr* instr, std::byte** prepared) {
    if (op.sizes_from_data && !owns_result_slots({&m.frame_, instr}, op, operand_count)) return Error::BadProgram;
    new (*prepared) DynamicCall{&op, operand_count};
    *prepared += kDynamicCallBytes;
    instr->run = run_dynamic;
    instr->prepared = words_to(m, *prepared);
    *prepared += round_up_to_word(op.prepared_bytes);
    return Error::Ok;
  }

  // Evals and swaps: open has verified all but what they may write.
  static Error load_builtin(Method& m, const format::Instruction& file, Instr* instr, uint32_t* operand) {
    const bool swaps = file.kind == format::InstructionKind::Swap;
    instr->run = swaps ? run_swap : run_eval;
    instr->prepared = file.operand_count;
    m.has_swaps_ = m.has_swaps_ || swaps;
    for (*operand = 0; *operand < file.operand_count; ++*operand) {
      const Operand& o = m.frame_.operands[file.first_operand + *operand];
      const bool writes = swaps || (o.kind == OperandKind::Code && static_cast<EvalCode>(o.count) == EvalCode::StoreValue);
      if (writes && (m.frame_.value(o.index).flags & Tensor::kReadOnly)) return Error::BadProgram;
    }
    return Error::Ok;
  }

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
    for (uint32_t s = 0; s < format::kFirstPool + m.program_.pool_count(); ++s)
      if (overlaps(m.frame_.storages[s].data, m.frame_.storages[s].size)) return false;
    if (overlaps(m.arena_.data, m.arena_.size)) return false;
    for (size_t n = 0; n < file.inputs().size + file.outputs().size; ++n) {
      const uint32_t v = file.io(n).value;
      const Tensor& t = m.frame_.tensors[v];
      if (!moves_with(file, file.roots()[v], root) && overlaps(static_cast<const std::byte*>(t.data), planned_bytes(t, m.frame_.slots)))
        return false;
    }
    return true;
  }

  // `n` counts inputs first, then outputs: of those that share their bytes, the first decides where they lie.
  static Error bind(Method& m, size_t n, Span<std::byte> memory) {
    constexpr uintptr_t kBoundAlignment = 16;
    const format::Method& file = *m.file_;
    const Span<const format::Value> values = file.values();
    const Span<const uint32_t> roots = file.roots();
    const format::Io& io = file.io(n);
    const uint32_t root = roots[io.value];
    Tensor* tensors = m.frame_.tensors;
    Slot* slots = m.frame_.slots;
    const uint64_t bytes = planned_bytes(tensors[io.value], slots);

    if (!memory.data || reinterpret_cast<uintptr_t>(memory.data) % kBoundAlignment != 0 || memory.size < bytes) return Error::BadArgument;
    // State stays where it is, and a part of a larger value cannot go without the rest.
    if (values[io.value].storage < format::kFirstPool || values[root].offset != values[io.value].offset ||
        planned_bytes(tensors[root], slots) != bytes)
      return Error::BadArgument;
    for (size_t other = 0; other < n; ++other)
      if (moves_with(file, root, roots[file.io(other).value])) return Error::BadArgument;
    for (const format::Update& u : file.updates())
      if (u.target != root && roots[u.value] == root) return Error::BadArgument;
    if (!is_free(m, file, root, {memory.data, static_cast<size_t>(bytes)})) return Error::BadArgument;

    const auto move = [&](uint32_t moved_root) {
      for (size_t v = 0; v < m.frame_.tensor_count; ++v)
        if (roots[v] == moved_root && planned_bytes(tensors[v], slots) != 0)
          tensors[v].data = memory.data + (values[v].offset - values[root].offset);
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
  ArenaLayout layout;
  if (const Error e = lay_out_arena(program, method, finder, delegates, kThisAbi, &layout, fault); e != Error::Ok) return e;
  if (memory.arena.size < layout.bytes) return fail(fault, Error::OutOfMemory);
  Method* m = MethodAccess::place_method(program, method, layout, memory, hooks);
  const DelegateLoader loader{program, delegates, memory.arena.data + layout.delegates};
  if (const Error e = MethodAccess::load_instructions(*m, finder, layout, loader, fault); e != Error::Ok) return m->unload(), e;
  return m;
}

void Method::unload() noexcept { destroy_delegates(&frame_, {instructions_, loaded_}); }

// Sizes are upper bounds again, which verification has seen to fit.
void Method::reset_slots() noexcept {
  if (!kHasDynamic) return;
  const int64_t* first = frame_.ints + file_->slot_ints;
  for (uint32_t s = 0; s < file_->slots; ++s) frame_.slots[s].integer = first[s];
}

Error Method::set_input_sizes(uint32_t i, Span<const int64_t> sizes) noexcept {
  if (i >= input_count()) return Error::BadArgument;
  const format::Value& planned = file_->values()[file_->inputs()[i].value];
  const Tensor& t = input(i);
  if (sizes.size != t.rank) return Error::BadShape;
  const uint32_t varying = program_.input(method_, i).varying;
  for (uint32_t d = 0; d < t.rank; ++d) {
    const int64_t most = frame_.ints[planned.sizes + d];
    if (sizes[d] < 0 || sizes[d] > most || (sizes[d] != most && !(varying >> d & 1))) return Error::BadShape;
  }
  if (!is_dynamic(t)) return Error::Ok;
  for (uint32_t d = 0; d < t.rank; ++d) const_cast<int64_t*>(t.sizes)[d] = sizes[d];
  if (set_contiguous(t) && check_extent(t, frame_.slots) == Error::Ok) return Error::Ok;
  reset_slots();
  return Error::BadShape;
}

Error Method::check_value(uint32_t i) const noexcept { return check_extent(value(i), frame_.slots); }

uint32_t Method::input_count() const noexcept { return static_cast<uint32_t>(file_->inputs().size); }
uint32_t Method::output_count() const noexcept { return static_cast<uint32_t>(file_->outputs().size); }
uint32_t Method::value_count() const noexcept { return static_cast<uint32_t>(file_->values().size); }

Tensor Method::value(uint32_t i) const noexcept { return frame_.value(i); }
const Tensor& Method::input(uint32_t i) const noexcept { return frame_.tensors[file_->inputs()[i].value]; }
const Tensor& Method::output(uint32_t i) const noexcept { return frame_.tensors[file_->outputs()[i].value]; }

Error Method::bind_input(uint32_t i, Span<std::byte> memory) noexcept {
  return i < input_count() ? MethodAccess::bind(*this, i, memory) : Error::BadArgument;
}
Error Method::bind_output(uint32_t i, Span<std::byte> memory) noexcept {
  return i < output_count() ? MethodAccess::bind(*this, size_t{input_count()} + i, memory) : Error::BadArgument;
}

}  // namespace etc
