// Reads a handwritten digit on a Cortex-M4 without operating system and heap: the program stays in flash, its memory is static.
#include <cstring>

#include "etc/method.h"
#include "semihosting.h"

// Made by `etc-compile --emit c`.
extern "C" const unsigned char digits[];
extern "C" const size_t digits_size;

namespace {

// `etc-inspect --size digits.etc` says how many bytes; load says OutOfMemory if the model outgrows them.
alignas(64) std::byte arena[1536];
alignas(64) std::byte pool[5376];

// A three, in ink from 0 to 16 (examples/digits/three.npy).
const float kImage[64] = {
    0, 0, 6,  12, 13, 9,  0, 0,  //
    0, 7, 14, 6,  7,  16, 3, 0,  //
    0, 4, 6,  5,  14, 6,  0, 0,  //
    0, 0, 0,  12, 14, 4,  0, 0,  //
    0, 0, 0,  0,  3,  14, 2, 0,  //
    0, 0, 0,  0,  0,  9,  7, 0,  //
    0, 0, 3,  1,  0,  9,  8, 0,  //
    0, 0, 5,  14, 12, 13, 2, 0,
};

int fail(const char* what, etc::Error error) {
  semihosting::print(what);
  semihosting::print(" failed with error ");
  semihosting::print(static_cast<uint32_t>(error));
  semihosting::print("\n");
  return 1;
}

}  // namespace

int main() {
  auto program = etc::Program::open({reinterpret_cast<const std::byte*>(digits), digits_size});
  if (!program.ok()) return fail("open", program.error());

  const etc::OpTable* ops[] = {&etc::builtin_ops()};
  const etc::Span<std::byte> pools[] = {{pool, sizeof pool}};
  const etc::Memory memory{{arena, sizeof arena}, {pools, 1}, {}, {}};
  auto loaded = etc::Method::load(*program, 0, {ops, 1}, {}, memory, {}, nullptr);
  if (!loaded.ok()) return fail("load", loaded.error());

  etc::Method& method = *loaded.value();
  std::memcpy(method.input(0).data, kImage, sizeof kImage);
  if (etc::Error e = method.execute(nullptr); e != etc::Error::Ok) return fail("execute", e);

  semihosting::print("the digit is ");
  semihosting::print(static_cast<uint32_t>(*method.output(0).as<int64_t>()));
  semihosting::print(", probabilities in bits of float32:");
  for (int i = 0; i < 10; ++i) {
    semihosting::print(" ");
    semihosting::print_hex(method.output(1).as<uint32_t>()[i]);
  }
  semihosting::print("\nstack: ");
  semihosting::print(semihosting::stack_used());
  semihosting::print(" bytes\n");
  return 0;
}
