// The answers that the authors of Philox publish with Random123 (kat_vectors, philox4x32 10).
#include "ops/random/philox.h"

#include <gtest/gtest.h>

#include <vector>

namespace etc {
namespace {

std::vector<uint32_t> bits(PhiloxBlock counter, PhiloxKey key) {
  const PhiloxBlock block = philox(counter, key);
  return {block.words, block.words + 4};
}
using Words = std::vector<uint32_t>;

TEST(Philox, GivesItsAuthorsAnswers) {
  constexpr uint32_t kAll = 0xffffffffu;
  EXPECT_EQ(bits({{0, 0, 0, 0}}, {{0, 0}}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(bits({{kAll, kAll, kAll, kAll}}, {{kAll, kAll}}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(bits({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

}  // namespace
}  // namespace etc
