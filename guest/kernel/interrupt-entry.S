/* The way into the kernel and back: interrupt gates, SYSENTER, and the first step to ring 3.
   Intel SDM vol. 3A 6.12 (gates), 6.13 (error codes), 5.8.7 (SYSENTER and SYSEXIT). */
#include "selectors.h"

/* Leaves struct trap_frame (trap.h) on the stack. */
  .macro SAVE_REGISTERS
  pushal
  pushl %ds
  pushl %es
  pushl %fs
  pushl %gs
  movl $KERNEL_DS, %eax
  movl %eax, %ds
  movl %eax, %es
  cld
  .endm

  .macro RESTORE_REGISTERS
  popl %gs
  popl %fs
  popl %es
  popl %ds
  popal
  addl $8, %esp /* vector, error code */
  .endm

  .text
interrupt_common:
  SAVE_REGISTERS
  pushl %esp
  call trap
  addl $4, %esp
  RESTORE_REGISTERS
  iret

  .globl sysenter_entry
sysenter_entry:
  movl (%esp), %esp /* IA32_SYSENTER_ESP points at the TSS's esp0 */
  pushl $USER_DS
  pushl %ecx        /* the stub's convention: ECX = ESP, EDX = EIP to return to */
  pushfl
  pushl $USER_CS
  pushl %edx
  pushl $0
  pushl $0x80
  SAVE_REGISTERS
  pushl %esp
  call trap
  addl $4, %esp
  RESTORE_REGISTERS
  movl (%esp), %edx
  movl 12(%esp), %ecx
  sti
  sysexit

/* void enter_user(uint32_t eip, uint32_t esp) */
  .globl enter_user
enter_user:
  movl 4(%esp), %edx
  movl 8(%esp), %ecx
  movl $USER_DS, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %fs
  movl %eax, %gs
  pushl %eax
  pushl %ecx
  pushl $0x202
  pushl $USER_CS
  pushl %edx
  xorl %eax, %eax
  xorl %ebx, %ebx
  xorl %ecx, %ecx
  xorl %edx, %edx
  xorl %esi, %esi
  xorl %edi, %edi
  xorl %ebp, %ebp
  iret

/* One stub a vector; those whose exception pushes no error code push a zero. */
#define PUSHES_ERROR(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17)

  .altmacro
  .macro STUB vector
interrupt_stub_\vector:
  .if !PUSHES_ERROR(\vector)
  pushl $0
  .endif
  pushl $\vector
  jmp interrupt_common
  .endm
  .macro ADDRESS vector
  .long interrupt_stub_\vector
  .endm

  .set i, 0
  .rept 48
  STUB %i
  .set i, i + 1
  .endr
  STUB 128

  .section .rodata
  .align 4
  .globl interrupt_stubs
interrupt_stubs:
  .set i, 0
  .rept 48
  ADDRESS %i
  .set i, i + 1
  .endr
  .globl syscall_stub
syscall_stub:
  ADDRESS 128

  .section .note.GNU-stack, "", @progbits
