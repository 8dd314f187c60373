// The use of pools; see pool_use.h.
#include "pool_use.h"

#include <algorithm>

namespace etc::run {
namespace {

// No value is likely to be made of these.
std::byte paint_at(size_t i) { return static_cast<std::byte>((i * 167 + (i >> 8) * 59 + 91) & 0xff); }

}  // namespace

void paint_pools(const Session::Loaded& loaded) {
  for (const Span<std::byte>& pool : loaded.pools)
    for (size_t i = 0; i < pool.size; ++i) pool.data[i] = paint_at(i);
}

std::vector<PoolUse> pool_use(const Session::Loaded& loaded) {
  std::vector<PoolUse> uses;
  for (uint32_t p = 0; p < loaded.pools.size; ++p) {
    const Span<std::byte> pool = loaded.pools[p];
    const Text name = loaded.program.pool_name(p);
    PoolUse use{{name.data, name.size}, loaded.program.pool_bytes(loaded.index, p), loaded.program.pool_capacity(p), 0};
    // A pool that the method does not need is lent a few bytes to have an address.
    for (size_t n = std::min<size_t>(pool.size, use.planned); n > 0 && use.high_water == 0; --n)
      if (pool.data[n - 1] != paint_at(n - 1)) use.high_water = n;
    uses.push_back(std::move(use));
  }
  return uses;
}

}  // namespace etc::run
