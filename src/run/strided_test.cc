// Copies between strided tensors and arrays.
#include "strided.h"

#include <gtest/gtest.h>

#include <cstring>

#include "host/error.h"

namespace etc::run {
namespace {

TEST(Strided, GathersAndScattersByStrides) {
  int32_t memory[12];
  for (int i = 0; i < 12; ++i) memory[i] = i;
  const int64_t sizes[] = {3, 2}, strides[] = {1, 6};  // two columns, six apart
  const Tensor t{memory, sizes, strides, DType::I32, 2, 0, 0};
  host::Array a = to_array(t);
  const int32_t expected[] = {0, 6, 1, 7, 2, 8};
  ASSERT_EQ(a.bytes.size(), sizeof(expected));
  EXPECT_EQ(std::memcmp(a.bytes.data(), expected, sizeof(expected)), 0);
  for (auto& byte : a.bytes) byte = std::byte{0};
  fill(t, a);
  const int32_t left[12] = {0, 0, 0, 3, 4, 5, 0, 0, 0, 9, 10, 11};
  EXPECT_EQ(std::memcmp(memory, left, sizeof(left)), 0);
}

TEST(Strided, HandlesScalarsAndEmptyTensors) {
  float value = 2.5f;
  const Tensor scalar{&value, nullptr, nullptr, DType::F32, 0, 0, 0};
  EXPECT_EQ(to_array(scalar).bytes.size(), 4u);
  const int64_t sizes[] = {0, 3}, strides[] = {3, 1};
  const Tensor empty{nullptr, sizes, strides, DType::F32, 2, 0, 0};
  EXPECT_EQ(to_array(empty).bytes.size(), 0u);
}

TEST(Strided, RefusesMoreElementsThanMemory) {
  float value = 1;
  const int64_t sizes[] = {INT64_MAX, 4}, strides[] = {0, 0};
  EXPECT_THROW(to_array(Tensor{&value, sizes, strides, DType::F32, 2, 0, 0}), host::UserError);
}

}  // namespace
}  // namespace etc::run
