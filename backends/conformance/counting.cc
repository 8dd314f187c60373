// malloc and its family over glibc's own; see counting.h.
#include "counting.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);
}

namespace etc::conformance {
namespace {

std::atomic<int64_t> calls{0}, live{0};
thread_local int64_t until_failure = 0;

bool fails() {
  calls.fetch_add(1, std::memory_order_relaxed);
  return until_failure > 0 && --until_failure == 0;
}
void* counted(void* block) {
  if (block) live.fetch_add(1, std::memory_order_relaxed);
  return block;
}
void* allocate(void* (*from)(size_t, size_t), size_t a, size_t b) {
  if (!fails()) return counted(from(a, b));
  errno = ENOMEM;
  return nullptr;
}
void* plain(size_t, size_t size) { return __libc_malloc(size); }

}  // namespace

Allocations allocations() { return {calls, live}; }
void fail_allocation(int64_t n) { until_failure = n; }

}  // namespace etc::conformance

using etc::conformance::allocate;

extern "C" {

void* malloc(size_t size) { return allocate(etc::conformance::plain, 0, size); }
void* calloc(size_t n, size_t size) { return allocate(__libc_calloc, n, size); }
void* aligned_alloc(size_t alignment, size_t size) { return allocate(__libc_memalign, alignment, size); }
void* memalign(size_t alignment, size_t size) { return allocate(__libc_memalign, alignment, size); }
int posix_memalign(void** block, size_t alignment, size_t size) {
  void* memory = allocate(__libc_memalign, alignment, size);
  if (!memory) return ENOMEM;
  *block = memory;
  return 0;
}
void* realloc(void* block, size_t size) {
  if (!block) return malloc(size);
  if (size != 0 && etc::conformance::fails()) {
    errno = ENOMEM;
    return nullptr;
  }
  if (size == 0) etc::conformance::live.fetch_sub(1, std::memory_order_relaxed);
  return __libc_realloc(block, size);
}
void free(void* block) {
  if (block) etc::conformance::live.fetch_sub(1, std::memory_order_relaxed);
  __libc_free(block);
}
}
