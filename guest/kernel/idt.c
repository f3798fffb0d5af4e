// The IDT, and which of exceptions, interrupts and system calls an entry is.
// Intel SDM vol. 3A 6.11 (gate descriptors).
#include "cpu.h"
#include "pic.h"
#include "selectors.h"
#include "syscall.h"
#include "trap.h"

#define GATE_INTERRUPT 0x8E00u
#define GATE_DPL3 0x6000u
#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW 4

extern const uint32_t interrupt_stubs[48];
extern const uint32_t syscall_stub;

static struct {
  uint32_t low, high;
} idt[256];
// PCI devices share lines.
#define SHARERS 4
static void (*handlers[16][SHARERS])(void);

static void set_gate(uint32_t vector, uint32_t entry, uint32_t attributes) {
  idt[vector].low = KERNEL_CS << 16 | (entry & 0xFFFF);
  idt[vector].high = (entry & 0xFFFF0000) | attributes;
}

void idt_init(void) {
  for (uint32_t vector = 0; vector < 48; vector++) set_gate(vector, interrupt_stubs[vector], GATE_INTERRUPT);
  set_gate(VECTOR_BREAKPOINT, interrupt_stubs[VECTOR_BREAKPOINT], GATE_INTERRUPT | GATE_DPL3);
  set_gate(VECTOR_OVERFLOW, interrupt_stubs[VECTOR_OVERFLOW], GATE_INTERRUPT | GATE_DPL3);
  set_gate(VECTOR_SYSCALL, syscall_stub, GATE_INTERRUPT | GATE_DPL3);
  struct table_pointer pointer = {sizeof idt - 1, (uint32_t)idt};
  __asm__ volatile("lidt %0" ::"m"(pointer));
}

void irq_handle(uint8_t irq, void (*handler)(void)) {
  for (uint32_t i = 0; i < SHARERS; i++) {
    if (handlers[irq][i]) continue;
    handlers[irq][i] = handler;
    break;
  }
  pic_unmask(irq);
}

void trap(struct trap_frame *frame) {
  if (frame->vector == VECTOR_SYSCALL) {
    frame->eax = syscall(frame);
  } else if (frame->vector < VECTOR_IRQ) {
    exception(frame);
  } else {
    uint8_t irq = frame->vector - VECTOR_IRQ;
    if (pic_spurious(irq)) return;
    for (uint32_t i = 0; i < SHARERS && handlers[irq][i]; i++) handlers[irq][i]();
    pic_end_of_interrupt(irq);
  }
}
