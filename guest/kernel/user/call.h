// System calls as a user task makes them.
// guest/kernel/syscall.h has the convention; Intel SDM vol. 2B (SYSENTER, SYSEXIT).
#pragma once
#include <stdint.h>
#include "../syscall.h"

static inline uint32_t call_int80(uint32_t number, uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "S"(b) : "memory");
  return result;
}

static inline uint32_t call_sysenter(uint32_t number, uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__ volatile(
      "movl %%esp, %%ecx\n"
      "movl $1f, %%edx\n"
      "sysenter\n"
      "1:"
      : "=a"(result)
      : "a"(number), "b"(a), "S"(b)
      : "ecx", "edx", "cc", "memory");
  return result;
}

static inline _Noreturn void exit_with(uint32_t result) {
  for (;;) call_int80(SYS_EXIT, result, 0);
}
