// The four system calls, and SYSENTER's three registers.
// Intel SDM vol. 2B SYSENTER (the CPUID test with the Pentium Pro's exception), vol. 4 (IA32_SYSENTER_*).
#include "syscall.h"
#include "cpu.h"
#include "gdt.h"
#include "paging.h"
#include "selectors.h"
#include "task.h"
#include "trap.h"

#define IA32_SYSENTER_CS 0x174
#define IA32_SYSENTER_ESP 0x175
#define IA32_SYSENTER_EIP 0x176
#define CPUID_EDX_SEP (1u << 11)

void sysenter_entry(void);

static bool has_sysenter;

void syscall_init(void) {
  struct cpuid leaf = cpuid(1);
  uint32_t family = leaf.eax >> 8 & 0xF, model = leaf.eax >> 4 & 0xF, stepping = leaf.eax & 0xF;
  has_sysenter = leaf.edx & CPUID_EDX_SEP && !(family == 6 && model < 3 && stepping < 3);
  if (!has_sysenter) return;
  wrmsr(IA32_SYSENTER_CS, KERNEL_CS);
  wrmsr(IA32_SYSENTER_ESP, gdt_kernel_stack_slot());
  wrmsr(IA32_SYSENTER_EIP, (uint32_t)sysenter_entry);
}

bool syscall_has_sysenter(void) { return has_sysenter; }

uint32_t syscall(struct trap_frame *frame) {
  switch (frame->eax) {
    case SYS_NULL: return frame->ebx << 7 | frame->ebx >> 25;
    case SYS_EXIT: task_exit(frame->ebx);
    case SYS_YIELD: task_yield(); return 0;
    case SYS_UNMAP: paging_unmap_demand(frame->ebx, frame->esi); return 0;
    default: return 0xFFFFFFFF;
  }
}
