// Between tensors of the runtime, which may have any strides, and arrays, which are row-major.
#include "strided.h"

#include <cstring>

#include "host/error.h"

namespace etc::run {
namespace {

// Calls copy(address in the tensor, address in the array, bytes) for runs of elements that lie together in both.
template <class Copy>
void for_each_run(const Tensor& t, std::byte* array, Copy copy) {
  const int64_t numel = t.numel();
  if (numel == 0) return;
  const size_t width = size_in_bytes(t.dtype);
  int64_t run = 1;  // elements of the inner dimensions that lie together
  uint32_t outer = t.rank;
  while (outer > 0 && (t.sizes[outer - 1] == 1 || t.strides[outer - 1] == run)) run *= t.sizes[--outer];
  int64_t index[kMaxRank] = {};
  for (int64_t at = 0; at < numel; at += run) {
    int64_t offset = 0;
    for (uint32_t d = 0; d < outer; ++d) offset += index[d] * t.strides[d];
    copy(static_cast<std::byte*>(t.data) + static_cast<size_t>(offset) * width, array + static_cast<size_t>(at) * width,
         static_cast<size_t>(run) * width);
    for (uint32_t d = outer; d-- > 0;) {
      if (++index[d] < t.sizes[d]) break;
      index[d] = 0;
    }
  }
}

}  // namespace

host::Array to_array(const Tensor& tensor) {
  host::Array array{tensor.dtype, {tensor.sizes, tensor.sizes + tensor.rank}, {}};
  // A tensor that repeats its elements (stride 0) may have more of them than memory.
  int64_t bytes = size_in_bytes(tensor.dtype);
  for (int64_t n : array.sizes)
    if (!checked_multiply(bytes, n, &bytes))
      throw host::UserError("a tensor of the program has more elements than memory can hold", host::kBadInput);
  array.bytes.resize(static_cast<size_t>(bytes));
  for_each_run(tensor, array.bytes.data(), [](const std::byte* t, std::byte* a, size_t n) { std::memcpy(a, t, n); });
  return array;
}

void fill(const Tensor& tensor, const host::Array& array) {
  for_each_run(tensor, const_cast<std::byte*>(array.bytes.data()),
               [](std::byte* t, const std::byte* a, size_t n) { std::memcpy(t, a, n); });
}

}  // namespace etc::run
