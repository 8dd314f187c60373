// How far a tensor reaches; see extent.h. Computed in ptrdiff_t, which is what a machine can address, and half the code on small ones.
#include "extent.h"

namespace etc {
namespace {

// False for a negative number, and one that no address can be away.
bool take(int64_t number, ptrdiff_t* small) {
  *small = static_cast<ptrdiff_t>(number);
  return number >= 0 && number == *small;
}

}  // namespace

bool extent_of(DType dtype, uint32_t rank, const int64_t* sizes, const int64_t* strides, uint64_t* bytes) noexcept {
  const ptrdiff_t width = size_in_bytes(dtype);
  ptrdiff_t elements = width, reach = 0, last = width;
  bool empty = false;
  for (uint32_t d = 0; d < rank; ++d) {
    ptrdiff_t size, stride, steps;
    if (!take(sizes[d], &size) || !take(strides[d], &stride)) return false;
    empty = empty || size == 0;
    if (size == 0) size = 1;
    if (__builtin_mul_overflow(elements, size, &elements) || __builtin_mul_overflow(stride, width, &stride) ||
        __builtin_mul_overflow(stride, size, &steps) || __builtin_add_overflow(reach, steps, &reach))
      return false;
    last += steps - stride;
  }
  *bytes = empty ? 0 : static_cast<uint64_t>(last);
  return true;
}

uint64_t extent_of(const Tensor& t) noexcept {
  size_t last = size_in_bytes(t.dtype);
  for (uint32_t d = 0; d < t.rank; ++d) {
    if (t.sizes[d] == 0) return 0;
    last += static_cast<size_t>(t.strides[d]) * static_cast<size_t>(t.sizes[d] - 1) * size_in_bytes(t.dtype);
  }
  return last;
}

}  // namespace etc
