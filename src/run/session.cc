// A method of a program file, loaded and ready.
#include "session.h"

#include <malloc.h>

#include <cstring>
#include <optional>
#include <set>

#include "backends.h"
#include "etc/host/async.h"
#include "etc/host/steps.h"
#include "fault.h"
#include "host/error.h"
#include "host/memory.h"
#include "host/program_file.h"
#include "host/threads.h"
#include "library.h"
#include "names.h"
#include "strided.h"

namespace etc::run {
namespace {

using host::UserError;

std::string string_of(Text text) { return {text.data, text.size}; }

Wanted wanted_of(const TensorInfo& info) { return {string_of(info.name), info.dtype, {info.sizes, info.sizes + info.rank}, info.varying}; }

constexpr LibraryTable kOps = {"etc_ops", "OpTable", "op table", "op"};

// What this process has from malloc; the core itself takes nothing there.
uint64_t heap_bytes() {
  const auto heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

uint32_t choose_method(const Program& program, const std::string& name, const std::string& file) {
  if (!name.empty())
    if (const auto found = program.find_method(name.c_str()); found.ok()) return found.value();
  if (name.empty()) {
    if (program.method_count() == 1) return 0;
    if (const auto found = program.find_method("forward"); found.ok()) return found.value();
  }
  std::string methods;
  for (uint32_t m = 0; m < program.method_count(); ++m) methods += (m ? ", " : "") + string_of(program.method_name(m));
  throw UserError(
      file + ": " + (name.empty() ? "say which method to run with --method" : "has no method '" + name + "'") + "; it has " + methods,
      host::kUsage);
}

}  // namespace

struct Session::State {
  explicit State(const SessionOptions& options) : path(options.program), file(options.program), pool(options.async ? 1 : options.threads) {
    if (options.async) workers.emplace(options.threads);
  }

  std::string path;
  host::ProgramFile file;
  host::ThreadPool pool;
  std::optional<host::Workers> workers;
  Program program;
  uint32_t index = 0;
  std::string name;
  std::vector<Wanted> inputs, states;
  std::vector<const OpTable*> tables;
  std::vector<const DelegateTable*> delegates;
  std::optional<uint64_t> backend_heap_bytes;
  std::optional<host::MethodMemory> memory;
  Method* method = nullptr;
  std::unique_ptr<host::AsyncMethod> async;

  [[noreturn]] void fail(Error error, const Fault& fault = {}) const {
    const std::string place = place_of(file.bytes(), index, fault);
    throw UserError(path + ": " + (place.empty() ? "" : place + ": ") + meaning_of(error), exit_code_of(error));
  }

  void require_backends() const {
    for (uint32_t d = 0; d < program.delegate_count(); ++d)
      if (const std::string name = string_of(program.delegate_name(d)); !program.find_delegate(d, {delegates.data(), delegates.size()}))
        throw UserError(path + ": the backend " + name +
                            " is missing; give its library with --backend FILE.so, or compile the model without " + "--backend " + name,
                        host::kEnvironment);
  }

  // Why loading found an op missing: all that no table has, with the first line that calls each, or the call that does not fit.
  [[noreturn]] void fail_missing(const Fault& fault) const {
    const MethodNames names = names_of(file.bytes(), index);
    std::vector<std::string> missing;
    for (uint32_t i = 0; i < program.op_count(); ++i) {
      if (program.find_op(i, {tables.data(), tables.size()})) continue;
      missing.push_back(string_of(program.op_name(i)));
      for (const host::InstructionName& name : names.instructions) {
        if (name.op != missing.back() || name.file.empty()) continue;
        missing.back() += " at " + name.file + ":" + std::to_string(name.line);
        break;
      }
    }
    if (missing.empty()) {
      require_backends();
      fail_to_fit(fault);
    }
    std::string list;
    for (const std::string& op : missing) list += (missing.size() > 1 ? "\n  " : " ") + op;
    throw UserError(path + ": " + (missing.size() == 1 ? "an op is" : std::to_string(missing.size()) + " ops are") + " missing:" + list +
                        (missing.size() > 1 ? "\n" : "; ") + "give tables that have them with --ops FILE.so",
                    host::kEnvironment);
  }

  // An external call that the op's entry in a table does not take.
  [[noreturn]] void fail_to_fit(const Fault& fault) const {
    const MethodNames names = names_of(file.bytes(), index);
    const Op* op = nullptr;
    for (uint32_t i = 0; fault.instruction < names.instructions.size() && i < program.op_count() && !op; ++i)
      if (program.op_is_external(i) && program.op_name(i) == names.instructions[fault.instruction].op.c_str())
        op = program.find_op(i, {tables.data(), tables.size()});
    if (!op) fail(Error::MissingOp, fault);
    throw UserError(path + ": " + place_of(file.bytes(), index, fault) + ": the kernel for " + op->schema +
                        " does not take this call: its arguments, dtypes or sizes are others; give a table that has the op of this model",
                    host::kEnvironment);
  }

  void run_async() {
    Fault fault;
    auto made =
        host::AsyncMethod::make(program, index, *method, {tables.data(), tables.size()}, *workers, memory->memory().worker_scratch, &fault);
    if (!made.ok()) fail(made.error(), fault);
    async = std::move(made.value());
  }

  // Of state i; states are contiguous.
  Span<std::byte> state_bytes(size_t i) const {
    const auto n = static_cast<uint32_t>(i);
    return {memory->state().data + program.state_offset(n), program.state(n).bytes};
  }
};

Session::Session(const SessionOptions& options) : state_(std::make_unique<State>(options)) {
  State& s = *state_;
  const auto program = Program::open(s.file.bytes());
  if (!program.ok()) throw UserError(s.path + ": " + meaning_of(program.error()), exit_code_of(program.error()));
  s.program = program.value();
  s.index = choose_method(s.program, options.method, s.path);
  s.name = string_of(s.program.method_name(s.index));
  for (const std::string& library : options.op_libraries) s.tables.push_back(table_of_library<OpTable>(library, kOps));
  s.tables.push_back(&builtin_ops());
  const Span<const OpTable* const> tables{s.tables.data(), s.tables.size()};
  s.delegates = find_backends(s.program, options.backend_libraries);
  const Span<const DelegateTable* const> delegates{s.delegates.data(), s.delegates.size()};

  for (uint32_t i = 0; i < s.program.input_count(s.index); ++i) s.inputs.push_back(wanted_of(s.program.input(s.index, i)));
  for (uint32_t i = 0; i < s.program.state_count(); ++i) s.states.push_back(wanted_of(s.program.state(i)));

  const Hooks hooks = s.pool.hooks();
  Fault fault;
  const auto needs = s.program.needs(s.index, tables, delegates, &fault);
  if (!needs.ok() && needs.error() == Error::MissingOp) s.fail_missing(fault);
  if (!needs.ok()) s.fail(needs.error());
  s.memory.emplace(s.program, s.index, needs.value(), s.workers ? s.workers->count() : hooks.workers);
  const uint64_t heap_before = heap_bytes();
  const auto method = Method::load(s.program, s.index, tables, delegates, s.memory->memory(), hooks, &fault);
  if (!method.ok() && method.error() == Error::MissingOp) s.fail_missing(fault);
  if (!method.ok()) s.fail(method.error(), fault);
  s.method = method.value();
  if (s.program.delegate_count() > 0) s.backend_heap_bytes = heap_bytes() - heap_before;
  if (options.async) s.run_async();
}

std::optional<uint64_t> Session::backend_heap_bytes() const { return state_->backend_heap_bytes; }

Session::~Session() {
  state_->async = nullptr;
  if (state_->method) state_->method->unload();
}

const std::string& Session::method_name() const { return state_->name; }
const std::vector<Wanted>& Session::inputs() const { return state_->inputs; }
const std::vector<Wanted>& Session::states() const { return state_->states; }
size_t Session::output_count() const { return state_->program.output_count(state_->index); }

void Session::set_inputs(const std::vector<host::Array>& arrays) {
  Method& method = *state_->method;
  for (uint32_t i = 0; i < arrays.size(); ++i)
    if (const Error e = method.set_input_sizes(i, {arrays[i].sizes.data(), arrays[i].sizes.size()}); e != Error::Ok) state_->fail(e);
  for (uint32_t i = 0; i < arrays.size(); ++i) fill(method.input(i), arrays[i]);
}

void Session::run(uint64_t max_instructions, host::Observer* observer) {
  Method& method = *state_->method;
  Fault fault;
  const auto execute = [&] {
    if (state_->async) return state_->async->execute({.max_instructions = max_instructions, .observer = observer}, &fault);
    const bool is_watched = max_instructions != 0 || observer;
    return is_watched ? host::execute_steps(method, {max_instructions, observer}, &fault) : method.execute(&fault);
  };
  const Error error = execute();
  if (error != Error::Ok) state_->fail(error, fault);
}

Session::Loaded Session::loaded() const {
  const State& s = *state_;
  return {s.program,
          s.index,
          *s.method,
          {s.tables.data(), s.tables.size()},
          s.file.bytes(),
          s.memory->memory().pools,
          s.workers ? s.workers->count() : 1};
}

std::vector<host::NamedArray> Session::results() const {
  std::vector<host::NamedArray> arrays;
  std::set<std::string> names;
  const auto add = [&](const TensorInfo& info, const Tensor& tensor) {
    std::string name = string_of(info.name);
    for (int i = 1; !names.insert(name).second; ++i) name = string_of(info.name) + "_" + std::to_string(i);
    arrays.emplace_back(name, to_array(tensor));
  };
  const State& s = *state_;
  for (uint32_t i = 0; i < s.program.output_count(s.index); ++i) add(s.program.output(s.index, i), s.method->output(i));
  for (uint32_t i = 0; i < s.program.input_count(s.index); ++i) {
    const TensorInfo info = s.program.input(s.index, i);
    if (info.flags & 1) add(info, s.method->input(i));
  }
  return arrays;
}

host::Array Session::state(size_t i) const {
  const Span<std::byte> bytes = state_->state_bytes(i);
  return {state_->states[i].dtype, state_->states[i].sizes, {bytes.begin(), bytes.end()}};
}
void Session::set_state(size_t i, const host::Array& array) {
  const Span<std::byte> bytes = state_->state_bytes(i);
  if (bytes.size > 0) std::memcpy(bytes.data, array.bytes.data(), bytes.size);
}

void Session::seed(uint64_t seed) {
  if (state_->program.seed(state_->memory->state(), seed) != Error::Ok)
    throw UserError(state_->path + ": draws no random numbers; leave --seed out", host::kUsage);
}

}  // namespace etc::run
