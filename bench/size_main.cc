// What a program needs of the runtime to run a model, for measuring its size: every function on the way, and with SIZE_WITH_OPS
// the kernels of the build.
#include <cstring>

#include "etc/method.h"

#ifdef SIZE_WITH_OPS
#define ETC_SIZE_TABLE etc::builtin_ops()
#else
#define ETC_SIZE_TABLE kNone
static const etc::OpTable kNone = {etc::OpTable::kAbi, 0, nullptr};
#endif

extern "C" int size_main(const std::byte* file, size_t size, const etc::Memory* memory, const void* input, void* output) {
  auto program = etc::Program::open({file, size});
  if (!program.ok()) return 1;
  const etc::OpTable* ops[] = {&ETC_SIZE_TABLE};
  const auto needs = program->needs(0, {ops, 1});
  if (!needs.ok() || needs.value().arena > memory->arena.size) return 2;
  if (program->init_state(memory->state) != etc::Error::Ok) return 3;
  etc::Fault fault;
  auto method = etc::Method::load(*program, 0, {ops, 1}, {}, *memory, {}, &fault);
  if (!method.ok()) return 4;
  const etc::Tensor& in = (*method)->input(0);
  std::memcpy(in.data, input, static_cast<size_t>(in.numel()) * size_in_bytes(in.dtype));
  if ((*method)->execute(&fault) != etc::Error::Ok) return 5;
  const etc::Tensor& out = (*method)->output(0);
  std::memcpy(output, out.data, static_cast<size_t>(out.numel()) * size_in_bytes(out.dtype));
  return 0;
}
