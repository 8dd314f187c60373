// Replays recorded inputs on a Cortex-M4 under QEMU: the program and the inputs lie in flash, the outputs go to a file of the host.
#include "replay.h"
#include "semihosting.h"

// Made by etc-compile --emit c and by cross.py.
extern "C" const unsigned char program[], inputs[];
extern "C" const size_t program_size, inputs_size;

namespace {

alignas(64) std::byte ram[7 << 19];  // of the board's 4 MiB; the stack has the rest

// Collects small pieces: each write is a trap to the emulator.
struct Output {
  semihosting::File file{"outputs", 7};
  std::byte bytes[4096];
  size_t used = 0;

  void flush() {
    if (used) file.write(bytes, used);
    used = 0;
  }
  static void write(void* self, const void* data, size_t size) {
    Output& out = *static_cast<Output*>(self);
    for (size_t i = 0; i < size; ++i) {
      if (out.used == sizeof out.bytes) out.flush();
      out.bytes[out.used++] = static_cast<const std::byte*>(data)[i];
    }
  }
};

}  // namespace

int main() {
  Output output;
  etc::cross::Replay replay({reinterpret_cast<const std::byte*>(inputs), inputs_size}, ram, {}, Output::write, &output);
  const etc::Error error = replay.run({reinterpret_cast<const std::byte*>(program), program_size});
  output.flush();
  semihosting::print("error ");
  semihosting::print(static_cast<uint32_t>(error));
  semihosting::print(" stack ");
  semihosting::print(semihosting::stack_used());
  semihosting::print("\n");
  return error == etc::Error::Ok ? 0 : 10 + static_cast<int>(error);
}
