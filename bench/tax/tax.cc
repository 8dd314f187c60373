// What running a program costs beside its kernels: repeats one step and prints the shortest time and the memory.
//
//   bench-tax STEP PROGRAM COUNT [CALLS]     STEP open, needs, load, execute or start; prints `ns N cpu_ns N instructions N arena N`
//
// PROGRAM is a file; or `null:N`, N calls of an op that does nothing; or `add:N`, N sums of four floats, aten::add.Tensor. `start` is all
// from the file's name to a method that can run. The time is the shortest of COUNT times CALLS calls, for one call: CALLS hides what a
// look at the clock costs. Who counts the CPU's instructions runs it with two numbers of CALLS: the difference is that of the step alone.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>

#include "host/error.h"
#include "host/memory.h"
#include "host/program_file.h"
#include "testing/file.h"

namespace etc {
namespace {

Error infer_null(InferContext& ctx) noexcept { return ctx.set_result(0, ctx.meta(0)); }
Error run_null(OpContext) noexcept { return Error::Ok; }
Kernel select_null(OpContext) noexcept { return run_null; }
constexpr Op kNull = make_op("bench::null(Tensor self, Tensor other) -> Tensor", infer_null, select_null);
constexpr const Op* kNullOps[] = {&kNull};
constexpr OpTable kNullTable = {OpTable::kAbi, 1, kNullOps};
const OpTable* const kTables[] = {&builtin_ops(), &kNullTable};

const Op& op_of(const char* schema) {
  for (uint32_t i = 0; i < builtin_ops().count; ++i)
    if (std::strcmp(builtin_ops().ops[i]->schema, schema) == 0) return *builtin_ops().ops[i];
  throw host::UserError(std::string("no kernel of ") + schema, host::kEnvironment);
}

// x = x + y, `count` times, on f32[4]. Two places take turns for the results.
testing::FileBytes make_chain(const std::string& name, uint32_t count) {
  using testing::tensor;
  const bool adds = name == "add";
  const Op& op = adds ? op_of("aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor") : kNull;
  testing::FileSpec f;
  const Operand one = testing::operand(OperandKind::Int, f.list({1}));
  const uint32_t sizes = f.list({4}), strides = f.list({1});  // of all values
  f.pool("main", 256);
  f.begin_method("forward");
  const auto value = [&](uint64_t offset) {
    const uint32_t id = f.value(format::kFirstPool, offset, DType::F32, {});
    f.method().values[id].rank = 1;
    f.method().values[id].sizes = sizes;
    f.method().values[id].strides = strides;
    return id;
  };
  const uint32_t x = value(0), y = value(64),
                 z = value(128 + 64 * ((count - 1) % 2));  // first those that can be bound, as etc-compile does
  f.input("x", x);
  f.input("y", y);
  uint32_t last = x;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t next = i + 1 == count ? z : value(128 + 64 * (i % 2));
    if (adds)
      f.call(op, {tensor(last), tensor(y), one, tensor(next)});
    else
      f.call(op, {tensor(last), tensor(y), tensor(next)});
    last = next;
  }
  f.output("z", last);
  f.block();
  return f.encode();
}

void check(Error error) {
  if (error != Error::Ok) throw host::UserError("error " + std::to_string(static_cast<int>(error)), host::kBadInput);
}

struct Loaded {
  explicit Loaded(Span<const std::byte> file)
      : program(checked(Program::open(file))), needs(checked(program.needs(0, kTables))), memory(program, 0, needs, 1), method(load()) {}
  ~Loaded() { method->unload(); }
  Method* load() const { return checked(Method::load(program, 0, kTables, {}, memory.memory(), Hooks{}, nullptr)); }

  template <class T>
  static T checked(Result<T> result) {
    check(result.error());
    return result.value();
  }

  Program program;
  Needs needs;
  host::MethodMemory memory;
  Method* method;
};

struct Times {
  long long ns, cpu_ns;
};
template <class F>
Times shortest(uint32_t count, uint32_t calls, F f) {
  const auto now = [](clockid_t clock) {
    timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
  };
  Times least{INT64_MAX, INT64_MAX};
  for (uint32_t i = 0; i < count; ++i) {
    const long long cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
    for (uint32_t k = 0; k < calls; ++k) f();
    const long long ns = now(CLOCK_MONOTONIC) - wall, cpu_ns = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    least = {ns < least.ns ? ns : least.ns, cpu_ns < least.cpu_ns ? cpu_ns : least.cpu_ns};
  }
  return least;
}

void run(const std::string& step, const std::string& program, uint32_t count, uint32_t calls) {
  const size_t colon = program.find(':');
  std::unique_ptr<testing::FileBytes> made;
  std::unique_ptr<host::ProgramFile> file;
  Span<const std::byte> bytes;
  if (colon == std::string::npos) {
    file = std::make_unique<host::ProgramFile>(program);
    bytes = file->bytes();
  } else {
    made =
        std::make_unique<testing::FileBytes>(make_chain(program.substr(0, colon), static_cast<uint32_t>(std::atoi(&program[colon + 1]))));
    bytes = made->span();
  }

  Loaded loaded(bytes);
  Times times{};
  if (step == "open") times = shortest(count, calls, [&] { check(Program::open(bytes).error()); });
  if (step == "needs") times = shortest(count, calls, [&] { check(loaded.program.needs(0, kTables).error()); });
  if (step == "load") times = shortest(count, calls, [&] { loaded.load(); });
  if (step == "execute") times = shortest(count, calls, [&] { check(loaded.method->execute(nullptr)); });
  if (step == "start") times = shortest(count, calls, [&] { Loaded(host::ProgramFile(program).bytes()); });
  std::printf("ns %.2f cpu_ns %.2f instructions %u arena %llu\n", static_cast<double>(times.ns) / calls,
              static_cast<double>(times.cpu_ns) / calls, loaded.program.instruction_count(0),
              static_cast<unsigned long long>(loaded.needs.arena));
}

}  // namespace
}  // namespace etc

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: bench-tax open|needs|load|execute|start PROGRAM COUNT [CALLS]\n"), 2;
  try {
    etc::run(argv[1], argv[2], static_cast<uint32_t>(std::atoi(argv[3])), argc > 4 ? static_cast<uint32_t>(std::atoi(argv[4])) : 1);
  } catch (const etc::host::UserError& e) {
    return std::fprintf(stderr, "bench-tax: %s: %s\n", argv[2], e.what()), e.code();
  }
}
