// The programs of etc::pointwise: straight lines of instructions over blocks of floats, for a machine with one accumulator.
//
//   0        8        16       24                     64
//   | opcode | place a| place b| zeros                |     an instruction
//
// An instruction makes a new accumulator of the old one and of the blocks at its places. Places are numbered: first the inputs, then the
// numbers, each of which fills a block, then registers up to kPlaces. A mask, an input of bools, is ones and zeros. What the accumulator
// holds in the end is the result.
#pragma once

#include "etc/op.h"

namespace etc::cpu {

constexpr uint32_t kPlaces = 64;

// Finite normal results are within 5e-7 of the true value, relative to it; those of Gelu and GeluTanh within 1e-6 of it.
//
// x is the accumulator, a and b what lies at the places. The number says how many places an opcode has.
#define ETC_POINTWISE_OPCODES(X)                                         \
  X(Load, 1)    /* a */                                                  \
  X(Store, 1)   /* x, which the register a holds as well from here on */ \
  X(Add, 1)     /* x + a */                                              \
  X(Sub, 1)     /* x - a */                                              \
  X(SubFrom, 1) /* a - x */                                              \
  X(Mul, 1)     /* x a */                                                \
  X(Div, 1)     /* x / a */                                              \
  X(DivInto, 1) /* a / x */                                              \
  X(MulAdd, 2)  /* x a + b */                                            \
  X(AddMul, 2)  /* x + a b */                                            \
  X(Maximum, 1) /* NaN in either stays */                                \
  X(Minimum, 1)                                                          \
  X(AtLeast, 1)   /* x < a ? a : x */                                    \
  X(AtMost, 1)    /* x > a ? a : x */                                    \
  X(LeakyRelu, 1) /* x > 0 ? x : x a */                                  \
  X(Elu, 2)       /* x > 0 ? x b : (e^x - 1) a */                        \
  X(Softplus, 2)  /* x a > b ? x : log(1 + e^(x a)) / a */               \
  X(Greater, 1)   /* x > a ? 1 : 0, as the five that follow */           \
  X(GreaterEqual, 1)                                                     \
  X(Less, 1)                                                             \
  X(LessEqual, 1)                                                        \
  X(Equal, 1)                                                            \
  X(NotEqual, 1)                                                         \
  X(Select, 2) /* x != 0 ? a : b */                                      \
  X(Square, 0)                                                           \
  X(Neg, 0)                                                              \
  X(Abs, 0)                                                              \
  X(Reciprocal, 0)                                                       \
  X(Sqrt, 0)                                                             \
  X(Rsqrt, 0)                                                            \
  X(Exp, 0)                                                              \
  X(Log, 0)                                                              \
  X(Log1p, 0)                                                            \
  X(Erf, 0)                                                              \
  X(Tanh, 0)                                                             \
  X(Sigmoid, 0)                                                          \
  X(Round, 0) /* halves to even */                                       \
  X(Floor, 0)                                                            \
  X(Ceil, 0)                                                             \
  X(Trunc, 0)                                                            \
  X(Mish, 0)                                                             \
  X(Silu, 0)                                                             \
  X(Gelu, 0)                                                             \
  X(GeluTanh, 0)                                                         \
  X(Hardsigmoid, 0)                                                      \
  X(Hardswish, 0)

enum class Opcode : uint8_t {
#define ETC_OPCODE(name, places) name,
  ETC_POINTWISE_OPCODES(ETC_OPCODE)
#undef ETC_OPCODE
};

constexpr uint8_t kPlacesOf[] = {
#define ETC_OPCODE(name, places) places,
    ETC_POINTWISE_OPCODES(ETC_OPCODE)
#undef ETC_OPCODE
};
constexpr uint32_t kOpcodes = sizeof(kPlacesOf);

constexpr int64_t encode(Opcode opcode, uint32_t a = 0, uint32_t b = 0) {
  return static_cast<int64_t>(static_cast<uint32_t>(opcode) | a << 8 | b << 16);
}
constexpr Opcode opcode_of(int64_t instruction) { return static_cast<Opcode>(instruction & 0xff); }
constexpr uint32_t place_a(int64_t instruction) { return static_cast<uint32_t>(instruction) >> 8 & 0xff; }
constexpr uint32_t place_b(int64_t instruction) { return static_cast<uint32_t>(instruction) >> 16 & 0xff; }

// Whether the program reads nothing that was not written, writes nothing but registers, and has known instructions alone.
inline bool is_sound(Ints program, uint32_t inputs, uint32_t numbers) {
  if (inputs > kPlaces || numbers > kPlaces - inputs) return false;
  bool written[kPlaces] = {};
  for (uint32_t i = 0; i < inputs + numbers; ++i) written[i] = true;
  for (uint32_t i = 0; i < program.size; ++i) {
    const int64_t instruction = program[i];
    const uint32_t opcode = static_cast<uint32_t>(instruction & 0xff), a = place_a(instruction), b = place_b(instruction);
    if (instruction >> 24 != 0 || opcode >= kOpcodes || a >= kPlaces || b >= kPlaces) return false;
    if (i == 0 && opcode_of(instruction) != Opcode::Load) return false;
    const uint32_t places = kPlacesOf[opcode];
    if ((places < 1 && a != 0) || (places < 2 && b != 0)) return false;
    if (opcode_of(instruction) == Opcode::Store) {
      if (a < inputs + numbers) return false;
      written[a] = true;
    } else if ((places > 0 && !written[a]) || (places > 1 && !written[b])) {
      return false;
    }
  }
  return program.size > 0;
}

// What a program works on: `blocks` blocks, one behind the other.
constexpr int64_t kMostPointwiseBlock = 64;
struct PointwiseBlocks {
  const int64_t *program, *end;
  uint32_t inputs;
  int64_t blocks;
  float* result;
  const float* at[kPlaces];  // of the first block; afterwards of the one behind the last
  // From one block to the next an input moves on by `step` floats; from `limit` on it goes back by `period`.
  int64_t step[kPlaces], period[kPlaces];
  const float* limit[kPlaces];
};

}  // namespace etc::cpu
