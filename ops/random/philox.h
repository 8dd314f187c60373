// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011): 128 random bits for each value of a
// counter. They depend on counter and key alone, so blocks can be made in any order and on any thread.
#pragma once

#include <cstdint>

namespace etc {

struct PhiloxKey {
  uint32_t words[2];
};
struct PhiloxBlock {
  uint32_t words[4];
};

inline PhiloxBlock philox(PhiloxBlock counter, PhiloxKey key) {
  uint32_t a = counter.words[0], b = counter.words[1], c = counter.words[2], d = counter.words[3];
  uint32_t k = key.words[0], l = key.words[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t x = uint64_t{0xD2511F53u} * a, y = uint64_t{0xCD9E8D57u} * c;
    a = static_cast<uint32_t>(y >> 32) ^ b ^ k;
    b = static_cast<uint32_t>(y);
    c = static_cast<uint32_t>(x >> 32) ^ d ^ l;
    d = static_cast<uint32_t>(x);
    k += 0x9E3779B9u;  // the golden ratio
    l += 0xBB67AE85u;  // sqrt(3) - 1
  }
  return {{a, b, c, d}};
}

}  // namespace etc
