// Runs the digit reader inside another program: the model is an array in this executable, its memory is static, nothing is allocated.
// The build makes digits.inc from examples/digits/digits.pt2 and three.inc from three.npy; on a device both would lie in flash.
#include <cstdio>
#include <cstring>

#include "etc/method.h"

namespace {

alignas(64) const unsigned char kProgram[] = {
#include "digits.inc"
};

// `etc-inspect --size digits.etc` says 1,208 and 5,376 bytes; load says OutOfMemory if the model outgrows them.
alignas(64) std::byte arena[1536];
alignas(64) std::byte pool[5376];

// A handwritten three from scikit-learn's digits, 8 by 8 pixels of ink 0..16.
const float kImage[64] = {
#include "three.inc"
};

int fail(const char* what, etc::Error error) {
  std::printf("%s failed with error %d\n", what, static_cast<int>(error));
  return 1;
}

}  // namespace

int main() {
  auto program = etc::Program::open({reinterpret_cast<const std::byte*>(kProgram), sizeof kProgram});
  if (!program.ok()) return fail("open", program.error());

  const etc::OpTable* ops[] = {&etc::builtin_ops()};
  const etc::Span<std::byte> pools[] = {{pool, sizeof pool}};
  const etc::Memory memory{{arena, sizeof arena}, {pools, 1}, {}, {}};
  etc::Fault fault;
  auto method = etc::Method::load(*program, 0, {ops, 1}, {}, memory, {}, &fault);
  if (!method.ok()) return fail("load", method.error());

  etc::Method& digits = *method.value();
  std::memcpy(digits.input(0).data, kImage, sizeof kImage);
  if (etc::Error e = digits.execute(&fault); e != etc::Error::Ok) return fail("execute", e);

  const auto digit = *digits.output(0).as<int64_t>();
  const float* probability = digits.output(1).as<float>();
  std::printf("the digit is %d (probability %.3f)\n", static_cast<int>(digit), static_cast<double>(probability[digit]));
  return digit == 3 ? 0 : 1;
}
