// Asks the timer for more than a million interrupts a second, takes 10,000 of them and never leaves HLT for long.
// Intel 8254 data sheet (231164): mode 2 with the least count, 2.
#include "../kernel/cpu.h"
#include "../kernel/selectors.h"
#include "hostile.h"

#define WANTED 10000u
#define VECTOR 0x20

const char hostile_about[] = "HOSTILE timer-flood\r\n";

static volatile uint32_t taken;
static uint64_t gdt[] = {0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF};
static uint32_t idt[2 * (VECTOR + 1)];

void on_timer(void);
__asm__(".text\n"
        "on_timer:\n"
        "pushl %eax\n"
        "incl taken\n"
        "movb $0x20, %al\n"
        "outb %al, $0x20\n"
        "popl %eax\n"
        "iret\n");

void hostile(const void *information) {
  (void)information;
  struct table_pointer gdt_pointer = {sizeof gdt - 1, (uint32_t)gdt}, idt_pointer = {sizeof idt - 1, (uint32_t)idt};
  __asm__ volatile(
      "lgdt %0\n"
      "ljmp %1, $1f\n"
      "1: movl %2, %%ds\n"
      "movl %2, %%es\n"
      "movl %2, %%ss\n" ::"m"(gdt_pointer),
      "i"(KERNEL_CS), "r"(KERNEL_DS)
      : "memory");
  idt[2 * VECTOR] = KERNEL_CS << 16 | ((uint32_t)on_timer & 0xFFFF);
  idt[2 * VECTOR + 1] = ((uint32_t)on_timer & 0xFFFF0000) | 0x8E00;
  __asm__ volatile("lidt %0" ::"m"(idt_pointer));
  outb(0x20, 0x11);
  outb(0x21, VECTOR);
  outb(0x21, 4);
  outb(0x21, 1);
  outb(0x21, 0xFE);
  outb(0xA1, 0xFF);
  outb(0x43, 0x34);
  outb(0x40, 2);
  outb(0x40, 0);
  while (taken < WANTED) sti_hlt();
  cli();
  say("HOSTILE timer-flood done\r\n");
}
