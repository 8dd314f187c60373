// A strided tensor over memory that somebody else owns.
#pragma once

#include "etc/base.h"

namespace etc {

// Sizes and strides are counted in elements and usually lie in the program file, where they are used in place.
// `layout` is 0 for plain strided memory; other numbers name packed forms of the program's layout table. `flags` are the core's.
struct Tensor {
  static constexpr uint32_t kReadOnly = 1;      // no instruction may write it: constants, and inputs that the program does not change
  static constexpr uint32_t kDynamicShift = 1;  // above: 1 + the index among the values whose sizes vary, or 0

  void* data;
  const int64_t* sizes;
  const int64_t* strides;
  DType dtype;
  uint8_t rank;
  uint16_t layout;
  uint32_t flags;

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
  int64_t numel() const {
    int64_t n = 1;
    for (uint32_t d = 0; d < rank; ++d) n *= sizes[d];
    return n;
  }
};

// True when the elements lie one behind the other in row-major order (dimensions of size 1 may have any stride).
inline bool is_contiguous(const Tensor& t) {
  int64_t expected = 1;
  for (uint32_t d = t.rank; d-- > 0;) {
    if (t.sizes[d] == 0) return true;
    if (t.sizes[d] != 1 && t.strides[d] != expected) return false;
    expected *= t.sizes[d];
  }
  return true;
}

}  // namespace etc
