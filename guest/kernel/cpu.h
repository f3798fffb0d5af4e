// The instructions that C has no words for.
// Intel SDM vol. 2 (the instruction set), vol. 3A 2.5 (control registers).
#pragma once
#include <stdint.h>

#define EFLAGS_IF 0x200u

#define CR0_MP 0x2u
#define CR0_NE 0x20u
#define CR0_WP 0x10000u
#define CR0_PG 0x80000000u

static inline void outb(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static inline void outw(uint16_t port, uint16_t value) { __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port)); }
static inline void outl(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }

static inline uint8_t inb(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline uint32_t inl(uint16_t port) {
  uint32_t value;
  __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static inline void insw(uint16_t port, void *to, uint32_t words) {
  __asm__ volatile("rep insw" : "+D"(to), "+c"(words) : "d"(port) : "memory");
}

static inline void outsw(uint16_t port, const void *from, uint32_t words) {
  __asm__ volatile("rep outsw" : "+S"(from), "+c"(words) : "d"(port) : "memory");
}

static inline void cli(void) { __asm__ volatile("cli" ::: "memory"); }
static inline void sti(void) { __asm__ volatile("sti" ::: "memory"); }
// One instruction apart, so that an interrupt cannot fall between the two.
static inline void sti_hlt(void) { __asm__ volatile("sti; hlt" ::: "memory"); }

static inline uint32_t read_eflags(void) {
  uint32_t value;
  __asm__ volatile("pushfl; popl %0" : "=r"(value));
  return value;
}

static inline uint32_t save_flags_cli(void) {
  uint32_t value = read_eflags();
  cli();
  return value;
}

static inline void restore_flags(uint32_t value) {
  if (value & EFLAGS_IF) sti();
}

#define CONTROL_REGISTER(n)                                                              \
  static inline uint32_t read_cr##n(void) {                                              \
    uint32_t value;                                                                      \
    __asm__ volatile("movl %%cr" #n ", %0" : "=r"(value));                               \
    return value;                                                                        \
  }                                                                                      \
  static inline void write_cr##n(uint32_t value) {                                       \
    __asm__ volatile("movl %0, %%cr" #n ::"r"(value) : "memory");                        \
  }
CONTROL_REGISTER(0)
CONTROL_REGISTER(2)
CONTROL_REGISTER(3)
CONTROL_REGISTER(4)

static inline void invlpg(uint32_t address) { __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory"); }

static inline void wrmsr(uint32_t index, uint32_t low) { __asm__ volatile("wrmsr" ::"c"(index), "a"(low), "d"(0)); }

static inline uint64_t rdtsc(void) {
  uint64_t value;
  __asm__ volatile("rdtsc" : "=A"(value)::"memory");
  return value;
}

// Every store before it is seen before any load after it; a processor of 1999 has no MFENCE.
static inline void barrier(void) { __asm__ volatile("lock; addl $0, (%%esp)" ::: "memory", "cc"); }

struct cpuid {
  uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf) {
  struct cpuid r;
  __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0));
  return r;
}

// The base and limit of a descriptor table, as LGDT and LIDT read it.
struct __attribute__((packed)) table_pointer {
  uint16_t limit;
  uint32_t base;
};
