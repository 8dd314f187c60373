// A thread on painted memory; see painted_stack.h.
#include "painted_stack.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace etc::testing {
namespace {

constexpr size_t kStackBytes = size_t{1} << 20;
constexpr unsigned char kPaint = 0xa5;

struct Run {
  void (*task)(void*);
  void* argument;
  unsigned char* bottom;
  size_t used = 0;
};

void* measure(void* argument) {
  Run& run = *static_cast<Run*>(argument);
  // Everything below this frame is free: paint it here, so that what the thread's start has left there does not count. A margin keeps
  // memset's own frame out of it.
  constexpr size_t kMargin = 256;
  auto* top = static_cast<unsigned char*>(__builtin_frame_address(0)) - kMargin;
  std::memset(run.bottom, kPaint, static_cast<size_t>(top - run.bottom) - kMargin);
  run.task(run.argument);
  const unsigned char* deepest = run.bottom;
  while (*deepest == kPaint) ++deepest;
  run.used = static_cast<size_t>(top + kMargin - deepest);
  return nullptr;
}

}  // namespace

size_t stack_bytes(void (*task)(void*), void* argument) {
  void* stack = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) throw std::runtime_error("no memory for a stack");
  Run run{task, argument, static_cast<unsigned char*>(stack)};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, kStackBytes);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, measure, &run);
  pthread_attr_destroy(&attributes);
  if (error == 0) pthread_join(thread, nullptr);
  munmap(stack, kStackBytes);
  if (error != 0) throw std::runtime_error("no thread for a stack");
  return run.used;
}

}  // namespace etc::testing
