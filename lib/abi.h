// What the records in the arena take, in bytes, on 64-bit machines and on 32-bit ones: exact needs can be told for both. Fixed-width
// records (slots, operands, prepared state of kernels, instances of delegates) take the same on all.
#pragma once

#include <cstdint>

namespace etc {

struct Abi {
  uint32_t method, storage, instr, tensor, dynamic_call;
};

// arena.cc compares the row of the machine that it is compiled for with the compiler's sizeof.
constexpr Abi kLp64 = {216, 16, 16, 32, 16};
constexpr Abi kIlp32 = {128, 8, 12, 20, 8};
constexpr Abi kThisAbi = sizeof(void*) == 8 ? kLp64 : kIlp32;

}  // namespace etc
