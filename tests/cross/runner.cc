// Replays recorded inputs on a machine with an operating system: runner PROGRAM.etc INPUTS OUTPUTS [THREADS]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "host/error.h"
#include "host/mapped_file.h"
#include "host/memory.h"
#include "host/output.h"
#include "host/program_file.h"
#include "host/threads.h"
#include "replay.h"

int main(int argc, char** argv) {
  using namespace etc;
  if (argc < 4 || argc > 5) {
    std::fprintf(stderr, "say: runner PROGRAM.etc INPUTS OUTPUTS [THREADS]\n");
    return host::kUsage;
  }
  try {
    const host::ProgramFile program(argv[1]);
    const host::Bytes inputs = host::map_file(argv[2], "name the recorded inputs");
    host::Block ram(uint64_t{256} << 20, "the replay");
    host::ThreadPool threads(argc == 5 ? static_cast<uint32_t>(std::atoi(argv[4])) : 1);
    std::string outputs;
    const cross::Write write = [](void* user, const void* data, size_t bytes) {
      static_cast<std::string*>(user)->append(static_cast<const char*>(data), bytes);
    };
    cross::Replay replay({reinterpret_cast<const std::byte*>(inputs.data), static_cast<size_t>(inputs.size)}, ram.span(), threads.hooks(),
                         write, &outputs);
    if (const Error error = replay.run(program.bytes()); error != Error::Ok)
      throw host::UserError(std::string(argv[1]) + ": error " + std::to_string(static_cast<int>(error)), host::kBadInput);
    host::write_file(argv[3], outputs);
    return host::kOk;
  } catch (const host::UserError& e) {
    std::fprintf(stderr, "runner: %s\n", e.what());
    return e.code();
  }
}
