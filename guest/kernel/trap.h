// What every entry into the kernel leaves on the stack, and where it leads.
// Intel SDM vol. 3A 6.12.1 (figure 6-4).
#pragma once
#include <stdint.h>

struct trap_frame {
  uint32_t gs, fs, es, ds;
  uint32_t edi, esi, ebp, esp_at_pushal, ebx, edx, ecx, eax;
  uint32_t vector, error;
  uint32_t eip, cs, eflags;
  uint32_t user_esp, user_ss; // only on an entry from ring 3
};

#define VECTOR_IRQ 0x20
#define VECTOR_SYSCALL 0x80

void idt_init(void);
void irq_handle(uint8_t irq, void (*handler)(void));
void exception(struct trap_frame *frame);
