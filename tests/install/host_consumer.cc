// A program outside of the tree that runs a file with the memory and the threads of lib/host: host_consumer PROGRAM.etc
#include <cstdio>
#include <cstring>

#include "etc/host/async.h"
#include "etc/method.h"
#include "host/error.h"
#include "host/memory.h"
#include "host/program_file.h"
#include "host/threads.h"

int main(int, char** argv) try {
  const etc::host::ProgramFile file(argv[1]);
  auto program = etc::Program::open(file.bytes());
  if (!program.ok()) return 3;
  const etc::OpTable* ops[] = {&etc::builtin_ops()};
  const auto needs = program->needs(0, {ops, 1});
  if (!needs.ok()) return 4;
  etc::host::ThreadPool threads(2);
  const etc::host::MethodMemory memory(*program, 0, needs.value(), 2);
  auto method = etc::Method::load(*program, 0, {ops, 1}, {}, memory.memory(), threads.hooks(), nullptr);
  if (!method.ok()) return 4;
  const etc::Tensor& input = (*method)->input(0);
  std::memset(input.data, 0, static_cast<size_t>(input.numel()) * size_in_bytes(input.dtype));
  if ((*method)->execute(nullptr) != etc::Error::Ok) return 1;
  const int64_t serial = *(*method)->output(0).as<int64_t>();

  etc::host::Workers workers(2);
  auto async = etc::host::AsyncMethod::make(*program, 0, **method, {ops, 1}, workers, memory.memory().worker_scratch, nullptr);
  if (!async.ok()) return 3;
  std::memset(input.data, 0, static_cast<size_t>(input.numel()) * size_in_bytes(input.dtype));
  if (async.value()->execute({}, nullptr) != etc::Error::Ok || *(*method)->output(0).as<int64_t>() != serial) return 1;
  std::printf("an empty image is a %d\n", static_cast<int>(*(*method)->output(0).as<int64_t>()));
  return 0;
} catch (const etc::host::UserError& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return e.code();
}
