// The GDT (flat segments of rings 0 and 3) and the one TSS, used for its ring-0 stack only.
// Intel SDM vol. 3A 3.4.5 (segment descriptors), 8.2.1 (TSS).
#include "gdt.h"
#include "cpu.h"
#include "selectors.h"

struct tss {
  uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
  uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi, es, cs, ss, ds, fs, gs, ldt;
  uint16_t trap, io_map_base;
};

static struct tss tss;
static uint64_t gdt[6];

static uint64_t descriptor(uint32_t base, uint32_t limit, uint8_t access, uint8_t granularity) {
  return (uint64_t)(limit & 0xFFFF) | (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)access << 40 |
         (uint64_t)((limit >> 16 & 0xF) | granularity << 4) << 48 | (uint64_t)(base >> 24) << 56;
}

void gdt_init(void) {
  tss.ss0 = KERNEL_DS;
  tss.io_map_base = sizeof tss; // past the limit: no port is open to ring 3
  gdt[1] = descriptor(0, 0xFFFFF, 0x9A, 0xC);
  gdt[2] = descriptor(0, 0xFFFFF, 0x92, 0xC);
  gdt[3] = descriptor(0, 0xFFFFF, 0xFA, 0xC);
  gdt[4] = descriptor(0, 0xFFFFF, 0xF2, 0xC);
  gdt[5] = descriptor((uint32_t)&tss, sizeof tss - 1, 0x89, 0);
  struct table_pointer pointer = {sizeof gdt - 1, (uint32_t)gdt};
  __asm__ volatile(
      "lgdt %0\n"
      "ljmp %1, $1f\n"
      "1: movl %2, %%ds\n"
      "movl %2, %%es\n"
      "movl %2, %%fs\n"
      "movl %2, %%gs\n"
      "movl %2, %%ss\n"
      "ltr %w3\n" ::"m"(pointer),
      "i"(KERNEL_CS), "r"(KERNEL_DS), "r"(TSS_SELECTOR)
      : "memory");
}

void gdt_set_kernel_stack(uint32_t top) { tss.esp0 = top; }

uint32_t gdt_kernel_stack_slot(void) { return (uint32_t)&tss.esp0; }
