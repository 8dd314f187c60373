// Times a program serially and with its instructions side by side, in turns so that both see the same machine; nothing runs in parallel
// inside of ops.
//
//   bench-async PROGRAM.etc WORKERS TURNS       prints nanoseconds: medians serial and side by side, then minima
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "etc/host/async.h"
#include "host/error.h"
#include "host/memory.h"
#include "host/program_file.h"

namespace etc {
namespace {

const OpTable* const kTables[] = {&builtin_ops()};

void check(Error error) {
  if (error != Error::Ok) throw host::UserError("error " + std::to_string(static_cast<int>(error)), host::kBadInput);
}

// Ones in all inputs, before each run.
void set_inputs(Method& method) {
  for (uint32_t i = 0; i < method.input_count(); ++i) {
    const Tensor& t = method.input(i);
    for (int64_t k = 0; k < t.numel(); ++k) t.as<float>()[k] = 1;
  }
}

template <class F>
int64_t nanoseconds(F f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
}

long long median(std::vector<int64_t> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}
long long minimum(const std::vector<int64_t>& times) { return *std::min_element(times.begin(), times.end()); }

void run(const char* path, uint32_t count, int turns) {
  const host::ProgramFile file(path);
  const Program program = Program::open(file.bytes()).value();
  const Result<Needs> needs = program.needs(0, kTables, {});
  check(needs.error());
  const host::MethodMemory memory(program, 0, needs.value(), count);
  const Result<Method*> method = Method::load(program, 0, kTables, {}, memory.memory(), Hooks{}, nullptr);
  check(method.error());
  host::Workers workers(count);
  auto async = host::AsyncMethod::make(program, 0, *method.value(), kTables, workers, memory.memory().worker_scratch, nullptr);
  check(async.error());

  std::vector<int64_t> serial, beside;
  for (int turn = -3; turn < turns; ++turn) {  // the first ones warm up
    set_inputs(*method.value());
    const int64_t one = nanoseconds([&] { check(method.value()->execute(nullptr)); });
    set_inputs(*method.value());
    const int64_t other = nanoseconds([&] { check(async.value()->execute({.parallel_ops = false}, nullptr)); });
    if (turn >= 0) serial.push_back(one), beside.push_back(other);
  }
  std::printf("%lld %lld %lld %lld\n", median(serial), median(beside), minimum(serial), minimum(beside));
}

}  // namespace
}  // namespace etc

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: bench-async PROGRAM.etc WORKERS TURNS\n"), 2;
  try {
    etc::run(argv[1], static_cast<uint32_t>(std::atoi(argv[2])), std::atoi(argv[3]));
  } catch (const etc::host::UserError& e) {
    return std::fprintf(stderr, "bench-async: %s: %s\n", argv[1], e.what()), e.code();
  }
}
