// Exceptions: a page fault that paging can mend goes on; any other is printed with the registers, and all stops.
// Intel SDM vol. 3A 6.15 (exception reference).
#include "exception.h"
#include "cpu.h"
#include "paging.h"
#include "print.h"
#include "trap.h"

#define VECTOR_PAGE_FAULT 14

static const char *const names[32] = {
    "#DE divide error",       "#DB debug",           "NMI",
    "#BP breakpoint",         "#OF overflow",        "#BR bound range",
    "#UD invalid opcode",     "#NM no coprocessor",  "#DF double fault",
    "coprocessor overrun",    "#TS invalid TSS",     "#NP segment not present",
    "#SS stack fault",        "#GP general protection", "#PF page fault",
    "reserved",               "#MF x87 error",       "#AC alignment check",
    "#MC machine check",      "#XM SIMD error",
};

_Noreturn void stop(void) {
  for (;;) __asm__ volatile("cli; hlt");
}

_Noreturn void panic(const char *reason) {
  print("\nPANIC %s\n", reason);
  stop();
}

void print_control_registers(void) {
  print("cr0=%08x cr2=%08x cr3=%08x cr4=%08x\n", read_cr0(), read_cr2(), read_cr3(), read_cr4());
}

void exception(struct trap_frame *frame) {
  if (frame->vector == VECTOR_PAGE_FAULT && paging_fault(read_cr2(), frame->error)) return;
  uint32_t ring = frame->cs & 3;
  uint32_t esp = ring ? frame->user_esp : (uint32_t)&frame->user_esp;
  uint32_t ss;
  __asm__("movl %%ss, %0" : "=r"(ss));
  const char *name = names[frame->vector] ? names[frame->vector] : "reserved";
  print("\nEXCEPTION %u %s error=%08x ring=%u\n", frame->vector, name, frame->error, ring);
  print("eax=%08x ebx=%08x ecx=%08x edx=%08x\n", frame->eax, frame->ebx, frame->ecx, frame->edx);
  print("esi=%08x edi=%08x ebp=%08x esp=%08x\n", frame->esi, frame->edi, frame->ebp, esp);
  print("eip=%08x eflags=%08x\n", frame->eip, frame->eflags);
  print("cs=%04x ss=%04x ds=%04x es=%04x fs=%04x gs=%04x\n", frame->cs & 0xFFFF, ring ? frame->user_ss & 0xFFFF : ss,
        frame->ds & 0xFFFF, frame->es & 0xFFFF, frame->fs & 0xFFFF, frame->gs & 0xFFFF);
  print_control_registers();
  stop();
}
