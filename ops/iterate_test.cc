// The judge is a loop over indices: one element at a time, offsets from its coordinates.
#include "ops/iterate.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace etc {
namespace {

struct Owned {
  std::vector<int32_t> data;
  std::vector<int64_t> sizes, strides;
  Tensor tensor() { return {data.data(), sizes.data(), strides.data(), DType::I32, static_cast<uint8_t>(sizes.size()), 0, 0}; }
  int32_t& at(const std::vector<int64_t>& index) {  // of a shape that it broadcasts to
    int64_t offset = 0;
    for (size_t d = 0; d < sizes.size(); ++d)
      if (sizes[d] != 1) offset += index[index.size() - sizes.size() + d] * strides[d];
    return data[static_cast<size_t>(offset)];
  }
};

// Dimensions in a random order in memory, some with gaps.
Owned strided(std::vector<int64_t> sizes, std::mt19937& random) {
  Owned t;
  t.sizes = sizes;
  t.strides.assign(sizes.size(), 0);
  std::vector<size_t> order(sizes.size());
  for (size_t d = 0; d < order.size(); ++d) order[d] = d;
  if (random() % 2) std::shuffle(order.begin(), order.end(), random);
  int64_t next = random() % 4 ? 1 : 2;
  for (size_t i = order.size(); i-- > 0;) {
    t.strides[order[i]] = next;
    next *= std::max<int64_t>(sizes[order[i]], 1) + (random() % 4 ? 0 : 1);
  }
  t.data.resize(static_cast<size_t>(next));
  for (int32_t& e : t.data) e = static_cast<int32_t>(random() % 1000);
  return t;
}

template <class F>
void for_each_index(const std::vector<int64_t>& sizes, F f) {
  int64_t count = 1;
  for (int64_t s : sizes) count *= s;
  for (int64_t i = 0; i < count; ++i) {
    std::vector<int64_t> index(sizes.size());
    int64_t rest = i;
    for (size_t d = sizes.size(); d-- > 0; rest /= sizes[d]) index[d] = rest % sizes[d];
    f(index);
  }
}

TEST(Iterate, MapsWhatALoopOverIndicesMaps) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<int64_t> sizes(random() % 6);
    for (int64_t& s : sizes) s = random() % 20 ? 1 + random() % 5 : 0;
    auto part = [&] {  // a shape that broadcasts to `sizes`
      std::vector<int64_t> p(sizes.begin() + static_cast<ptrdiff_t>(random() % 3 ? 0 : random() % (sizes.size() + 1)), sizes.end());
      for (int64_t& s : p)
        if (random() % 4 == 0) s = 1;
      return p;
    };
    Owned result = strided(sizes, random), a = strided(part(), random), b = strided(part(), random);
    Tensor x = a.tensor(), y = b.tensor();
    if (random() % 4 == 0) {  // one shape, and its lists shared as in a file
      a = b = result;
      x = a.tensor(), y = b.tensor();
      x.sizes = y.sizes = result.sizes.data(), x.strides = y.strides = result.strides.data();
    }
    map<int32_t, int32_t, int32_t>([](int32_t p, int32_t q) { return 1000 * p + q; }, result.tensor(), x, y);
    for_each_index(sizes, [&](const std::vector<int64_t>& i) { ASSERT_EQ(result.at(i), 1000 * a.at(i) + b.at(i)); });
  }
}

TEST(Iterate, LeavesWhatLiesBetweenTheElements) {
  std::vector<int32_t> memory(40, -1);
  const int64_t sizes[] = {3, 4}, strides[] = {12, 2};
  const Tensor t = {memory.data(), sizes, strides, DType::I32, 2, 0, 0};
  map<int32_t, int32_t>([](int32_t) { return 7; }, t, t);
  int written = 0;
  for (size_t i = 0; i < memory.size(); ++i) {
    const bool inside = i % 12 < 8 && i % 2 == 0 && i < 36;
    ASSERT_EQ(memory[i], inside ? 7 : -1) << i;
    written += memory[i] == 7;
  }
  EXPECT_EQ(written, 12);
}

TEST(Iterate, WorksOnItsArgumentsPlace) {
  std::vector<int32_t> a(1000), b(1000);
  for (int32_t i = 0; i < 1000; ++i) a[static_cast<size_t>(i)] = i, b[static_cast<size_t>(i)] = 3 * i;
  const int64_t sizes[] = {1000}, strides[] = {1};
  const Tensor x = {a.data(), sizes, strides, DType::I32, 1, 0, 0}, y = {b.data(), sizes, strides, DType::I32, 1, 0, 0};
  map<int32_t, int32_t, int32_t>([](int32_t p, int32_t q) { return p - q; }, y, x, y);
  for (int32_t i = 0; i < 1000; ++i) ASSERT_EQ(b[static_cast<size_t>(i)], -2 * i);
}

TEST(Iterate, JoinsDimensionsThatLieBehindEachOther) {
  const int64_t sizes[] = {2, 3, 4, 5}, dense[] = {60, 20, 5, 1}, part[] = {120, 20, 5, 1};
  const Tensor a = {nullptr, sizes, dense, DType::I32, 4, 0, 0}, b = {nullptr, sizes, part, DType::I32, 4, 0, 0};
  EXPECT_EQ(rows_of<2>(a, {&a, &a}).rank, 0u);
  EXPECT_EQ(rows_of<2>(a, {&a, &a}).length, 120);
  EXPECT_EQ(rows_of<2>(a, {&a, &b}).rank, 1u);
  EXPECT_EQ(rows_of<2>(a, {&a, &b}).length, 60);
  EXPECT_EQ(rows_of<2>(a, {&a, &b}).count(), 2);
}

}  // namespace
}  // namespace etc
