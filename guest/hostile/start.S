/* What every misbehaving guest begins with: a multiboot header, a stack, no IDT, and a voice.
   Multiboot specification 0.6.96, sections 3.1 and 3.2. */

  .section .multiboot, "ax"
  .align 4
  .long 0x1BADB002, 2, -(0x1BADB002 + 2)

  .text
  .globl start
start:
  cli
  cld
  movl $stack_top, %esp
  lidt no_idt /* any exception is a triple fault until a guest says otherwise */
  pushl %ebx
  pushl $hostile_about
  call say
  addl $4, %esp
  call hostile /* void hostile(const struct multiboot_information *) */

  .globl power_off
power_off:
  movw $0x604, %dx
  movw $0x2000, %ax
  outw %ax, %dx
1:
  cli
  hlt
  jmp 1b

/* void say(const char *text) */
  .globl say
say:
  pushl %esi
  movl 8(%esp), %esi
1:
  lodsb
  testb %al, %al
  jz 3f
  movb %al, %ah
  movl $100000, %ecx
  movw $0x3FD, %dx
2:
  inb %dx, %al
  testb $0x20, %al
  loopz 2b
  movw $0x3F8, %dx
  movb %ah, %al
  outb %al, %dx
  jmp 1b
3:
  popl %esi
  ret

no_idt:
  .word 0
  .long 0

  .bss
  .align 16
  .skip 4096
stack_top:

  .section .note.GNU-stack, "", @progbits
