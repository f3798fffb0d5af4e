/* The first instructions: a multiboot header and a stack, then C.
   Multiboot specification 0.6.96, sections 3.1 (header) and 3.2 (machine state). */

#define MAGIC 0x1BADB002
#define PAGE_ALIGN 1
#define MEMORY_INFO 2
#define FLAGS (PAGE_ALIGN | MEMORY_INFO)

  .section .multiboot, "a"
  .align 4
  .long MAGIC
  .long FLAGS
  .long -(MAGIC + FLAGS)

  .text
  .globl start
start:
  cli
  cld
  movl $boot_stack_top, %esp
  /* Clears NT and the rest: the loader leaves EFLAGS undefined but for VM and IF. */
  pushl $0
  popfl
  pushl %ebx
  pushl %eax
  call kernel_main
1:
  cli
  hlt
  jmp 1b

  .bss
  .align 16
  .skip 16384
boot_stack_top:

  .section .note.GNU-stack, "", @progbits
