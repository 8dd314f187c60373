// The C99 API over Program and Method; see etc/etc.h. An object of its own in the archive: who does not call it does not link it.
#include "etc/etc.h"

#include <new>

#include "etc/delegate.h"
#include "etc/method.h"

namespace etc {
namespace {

static_assert(sizeof(Program) <= sizeof(etc_program) && alignof(Program) <= alignof(etc_program), "etc_program holds a Program");
static_assert(static_cast<int>(Error::DelegateFailed) == ETC_DELEGATE_FAILED && static_cast<int>(DType::U64) == ETC_U64, "same numbers");
static_assert(ETC_MAX_RANK == kMaxRank && ETC_ALIGNMENT == kAlignment, "same limits");

etc_error c_error(Error e) { return static_cast<etc_error>(e); }
etc_text c_text(Text t) { return {t.data, t.size}; }
etc_tensor c_tensor(const TensorInfo& t) { return {nullptr, t.sizes, t.strides, static_cast<etc_dtype>(t.dtype), t.rank}; }
etc_tensor c_tensor(const Tensor& t) { return {t.data, t.sizes, t.strides, static_cast<etc_dtype>(t.dtype), t.rank}; }
void set(etc_fault* to, const Fault& fault) {
  if (to) *to = {c_error(fault.error), fault.instruction, fault.operand};
}

Program program_of(const etc_program* p) {
  Program program;
  std::memcpy(static_cast<void*>(&program), p->opaque, sizeof program);
  return program;
}
Method* method_of(etc_method* m) { return reinterpret_cast<Method*>(m); }
const Method* method_of(const etc_method* m) { return reinterpret_cast<const Method*>(m); }

Span<std::byte> span_of(etc_bytes b) { return {static_cast<std::byte*>(b.data), b.size}; }

// The tables of a context, with the built-in kernels where it names none.
struct Tables {
  const OpTable* builtin[1] = {&builtin_ops()};
  Span<const OpTable* const> ops{builtin};
  Span<const DelegateTable* const> delegates;

  explicit Tables(const etc_context* c) {
    if (!c) return;
    if (c->op_tables) ops = {reinterpret_cast<const OpTable* const*>(c->ops), c->op_tables};
    delegates = {reinterpret_cast<const DelegateTable* const*>(c->delegates), c->delegate_tables};
  }
  Tables(const Tables&) = delete;
};

constexpr const char* kErrorNames[] = {"ok",           "bad program", "wrong version", "wrong target",  "missing op", "out of memory",
                                       "bad argument", "bad shape",   "bad value",     "out of budget", "cancelled",  "delegate failed"};

}  // namespace
}  // namespace etc

using namespace etc;

const char* etc_error_name(etc_error error) {
  const auto i = static_cast<size_t>(error);
  return i < sizeof kErrorNames / sizeof kErrorNames[0] ? kErrorNames[i] : "unknown error";
}
const char* etc_dtype_name(etc_dtype dtype) { return name_of(static_cast<DType>(dtype)); }
size_t etc_dtype_size(etc_dtype dtype) { return size_in_bytes(static_cast<DType>(dtype)); }

etc_error etc_open(const void* bytes, size_t size, etc_program* program) {
  const Result<Program> opened = Program::open({static_cast<const std::byte*>(bytes), size});
  if (opened.ok()) std::memcpy(program->opaque, static_cast<const void*>(&opened.value()), sizeof(Program));
  return c_error(opened.error());
}
uint32_t etc_method_count(const etc_program* p) { return program_of(p).method_count(); }
etc_text etc_method_name(const etc_program* p, uint32_t method) { return c_text(program_of(p).method_name(method)); }
etc_error etc_find_method(const etc_program* p, const char* name, uint32_t* method) {
  const Result<uint32_t> found = program_of(p).find_method(name);
  if (found.ok()) *method = found.value();
  return c_error(found.error());
}

uint32_t etc_program_input_count(const etc_program* p, uint32_t method) { return program_of(p).input_count(method); }
uint32_t etc_program_output_count(const etc_program* p, uint32_t method) { return program_of(p).output_count(method); }
etc_text etc_input_name(const etc_program* p, uint32_t method, uint32_t i) { return c_text(program_of(p).input(method, i).name); }
etc_text etc_output_name(const etc_program* p, uint32_t method, uint32_t i) { return c_text(program_of(p).output(method, i).name); }
etc_tensor etc_program_input(const etc_program* p, uint32_t method, uint32_t i) { return c_tensor(program_of(p).input(method, i)); }
etc_tensor etc_program_output(const etc_program* p, uint32_t method, uint32_t i) { return c_tensor(program_of(p).output(method, i)); }

uint32_t etc_pool_count(const etc_program* p) { return program_of(p).pool_count(); }
etc_text etc_pool_name(const etc_program* p, uint32_t pool) { return c_text(program_of(p).pool_name(pool)); }
uint64_t etc_pool_bytes(const etc_program* p, uint32_t method, uint32_t pool) { return program_of(p).pool_bytes(method, pool); }
etc_error etc_needs_of(const etc_program* p, uint32_t method, const etc_context* context, etc_needs* needs) {
  const Tables tables(context);
  const Result<Needs> found = program_of(p).needs(method, tables.ops, tables.delegates);
  if (found.ok()) *needs = {found.value().arena, found.value().state, found.value().worker_scratch, found.value().pools};
  return c_error(found.error());
}
etc_error etc_init_state(const etc_program* p, void* state, size_t size) {
  return c_error(program_of(p).init_state({static_cast<std::byte*>(state), size}));
}
etc_error etc_seed(const etc_program* p, void* state, size_t size, uint64_t seed) {
  return c_error(program_of(p).seed({static_cast<std::byte*>(state), size}, seed));
}

const etc_op_table* etc_builtin_ops(void) { return reinterpret_cast<const etc_op_table*>(&builtin_ops()); }

etc_error etc_load(const etc_program* p, uint32_t method, const etc_context* context, const etc_memory* memory, etc_method** loaded,
                   etc_fault* fault) {
  if (memory->pool_count > ETC_MAX_POOLS) return ETC_BAD_ARGUMENT;
  Span<std::byte> pools[ETC_MAX_POOLS];
  for (uint32_t i = 0; i < memory->pool_count; ++i) pools[i] = span_of(memory->pools[i]);
  const Tables tables(context);
  Hooks hooks;
  if (context && context->parallel_for) {
    hooks.workers = context->workers;
    hooks.user = context->user;
    hooks.parallel_for = context->parallel_for;
  }
  const Memory lent{span_of(memory->arena), {pools, memory->pool_count}, span_of(memory->state), span_of(memory->worker_scratch)};
  Fault where;
  const Result<Method*> made = Method::load(program_of(p), method, tables.ops, tables.delegates, lent, hooks, &where);
  if (made.ok())
    *loaded = reinterpret_cast<etc_method*>(made.value());
  else
    set(fault, where);
  return c_error(made.error());
}
void etc_unload(etc_method* m) { method_of(m)->unload(); }

uint32_t etc_input_count(const etc_method* m) { return method_of(m)->input_count(); }
uint32_t etc_output_count(const etc_method* m) { return method_of(m)->output_count(); }
etc_tensor etc_input(const etc_method* m, uint32_t i) { return c_tensor(method_of(m)->input(i)); }
etc_tensor etc_output(const etc_method* m, uint32_t i) { return c_tensor(method_of(m)->output(i)); }
etc_error etc_set_input_sizes(etc_method* m, uint32_t i, const int64_t* sizes, uint32_t rank) {
  return c_error(method_of(m)->set_input_sizes(i, {sizes, rank}));
}
etc_error etc_bind_input(etc_method* m, uint32_t i, void* data, size_t size) {
  return c_error(method_of(m)->bind_input(i, {static_cast<std::byte*>(data), size}));
}
etc_error etc_bind_output(etc_method* m, uint32_t i, void* data, size_t size) {
  return c_error(method_of(m)->bind_output(i, {static_cast<std::byte*>(data), size}));
}

etc_error etc_execute(etc_method* m, uint32_t budget, etc_fault* fault) {
  Fault where;
  const Error error = method_of(m)->execute(&where, budget);
  if (error != Error::Ok) set(fault, where);
  return c_error(error);
}
