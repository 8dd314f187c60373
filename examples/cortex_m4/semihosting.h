// What a debugger or QEMU does for a program without an operating system: print, write files, end. On a board, print goes to a UART
// instead and the rest away.
#pragma once

#include <cstddef>
#include <cstdint>

namespace semihosting {

inline uintptr_t call(uintptr_t operation, const void* argument) {
  register uintptr_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

inline void print(const char* text) { call(0x04, text); }  // SYS_WRITE0

inline void print(uint32_t number) {
  char digits[11];
  char* p = digits + sizeof digits;
  *--p = 0;
  do *--p = static_cast<char>('0' + number % 10);
  while (number /= 10);
  print(p);
}

inline void print_hex(uint32_t word) {
  char digits[9] = {};
  for (int i = 7; i >= 0; --i, word >>= 4) digits[i] = "0123456789abcdef"[word & 15];
  print(digits);
}

// A file of the machine that runs QEMU, in its working folder.
class File {
 public:
  File(const char* name, size_t length) {
    const uintptr_t open[] = {reinterpret_cast<uintptr_t>(name), 5 /* wb */, length};
    handle_ = call(0x01, open);
  }
  ~File() { call(0x02, &handle_); }
  void write(const void* data, size_t bytes) {
    const uintptr_t block[] = {handle_, reinterpret_cast<uintptr_t>(data), bytes};
    call(0x05, block);
  }

 private:
  uintptr_t handle_;
};

[[noreturn]] inline void exit(int code) {
  const uintptr_t reason[] = {0x20026 /* the application ended */, static_cast<uintptr_t>(code)};
  call(0x20, reason);
  for (;;) {
  }
}

// How deep the stack went: it is filled with a pattern at the start, and what is left of the pattern was never reached.
constexpr uint32_t kPattern = 0x5afe57acu;
constexpr uintptr_t kPainted = 64 * 1024;
extern "C" uint32_t stack_top;
inline volatile uint32_t* stack_word(uintptr_t address) { return reinterpret_cast<volatile uint32_t*>(address); }
inline void paint_stack() {
  uintptr_t here;
  __asm__ volatile("mov %0, sp" : "=r"(here));
  for (uintptr_t a = reinterpret_cast<uintptr_t>(&stack_top) - kPainted; a < here - 64; a += 4) *stack_word(a) = kPattern;
}
inline uint32_t stack_used() {
  const uintptr_t top = reinterpret_cast<uintptr_t>(&stack_top);
  uintptr_t a = top - kPainted;
  while (a < top && *stack_word(a) == kPattern) a += 4;
  return top - a;
}

}  // namespace semihosting
