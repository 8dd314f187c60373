// Cores, and waiting without sleeping.
#pragma once

#include <cstdint>

namespace etc::host {

// That this process may use; at least 1.
uint32_t usable_cores();

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Looks again for as long as is worth while before a thread sleeps: the kernels of one run follow each other within microseconds.
template <class F>
void spin_while(F is_waiting) {
  constexpr int kSpins = 20000;
  for (int i = 0; i < kSpins && is_waiting(); ++i) pause();
}

}  // namespace etc::host
