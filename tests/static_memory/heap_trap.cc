// Takes the place of glibc's heap functions in this executable; operator new and strdup end here too.
#include "heap_trap.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);
}

namespace {

std::atomic<bool> is_set{false};

void check(const char* function) {
  if (!is_set) return;
  is_set = false;
  for (const char* text : {"heap trap: ", function, " was called\n"})
    if (write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  std::abort();
}

}  // namespace

extern "C" {
void* malloc(size_t size) { return check("malloc"), __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return check("calloc"), __libc_calloc(count, size); }
void* realloc(void* old, size_t size) { return check("realloc"), __libc_realloc(old, size); }
void free(void* memory) { check("free"), __libc_free(memory); }
void* memalign(size_t alignment, size_t size) { return check("memalign"), __libc_memalign(alignment, size); }
void* aligned_alloc(size_t alignment, size_t size) { return check("aligned_alloc"), __libc_memalign(alignment, size); }
int posix_memalign(void** memory, size_t alignment, size_t size) {
  check("posix_memalign");
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
}

namespace etc::testing {

HeapTrap::HeapTrap() { is_set = true; }
HeapTrap::~HeapTrap() { is_set = false; }

}  // namespace etc::testing
