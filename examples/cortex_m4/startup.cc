// From reset to main on a Cortex-M: vectors, the floating-point unit, .data and .bss. No constructors: etc has none.
#include <cstdint>

#include "semihosting.h"

extern "C" {
extern uint32_t data_start, data_end, data_load, bss_start, bss_end, stack_top;
int main();
void reset_handler();
void fault_handler();
}

// Placed at address 0 by the linker script.
extern "C" __attribute__((section(".vectors"), used)) const uintptr_t vectors[16] = {
    reinterpret_cast<uintptr_t>(&stack_top),    reinterpret_cast<uintptr_t>(reset_handler), reinterpret_cast<uintptr_t>(fault_handler),
    reinterpret_cast<uintptr_t>(fault_handler), reinterpret_cast<uintptr_t>(fault_handler), reinterpret_cast<uintptr_t>(fault_handler),
    reinterpret_cast<uintptr_t>(fault_handler),
};

namespace {

[[noreturn]] void start() {
  const uint32_t* from = &data_load;
  for (uint32_t* to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t* to = &bss_start; to < &bss_end;) *to++ = 0;
  semihosting::paint_stack();
  semihosting::exit(main());
}

}  // namespace

void reset_handler() {
  // Coprocessors 10 and 11 are the floating-point unit, which may not be touched before.
  volatile uint32_t* const cpacr = reinterpret_cast<uint32_t*>(0xe000ed88u);
  *cpacr = *cpacr | (0xfu << 20);
  __asm__ volatile("dsb\n isb" ::: "memory");
  start();
}

void fault_handler() {
  semihosting::print("fault\n");
  semihosting::exit(70);
}
