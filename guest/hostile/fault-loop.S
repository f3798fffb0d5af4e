/* Faults for ever: the handler returns to the instruction that faulted.
   Intel SDM vol. 3A 6.5 (a fault restarts its instruction), 6.11 (gates). */

  .data
  .globl hostile_about
hostile_about: .asciz "HOSTILE fault-loop\r\n"

  .text
  .globl hostile
hostile:
  lgdt gdt_pointer
  ljmp $8, $1f
1:
  movl $16, %eax
  movl %eax, %ds
  movl %eax, %es
  movl %eax, %ss
  movl $handler, %eax /* the gate of #UD */
  movw %ax, idt + 6 * 8
  movw $8, idt + 6 * 8 + 2
  movw $0x8E00, idt + 6 * 8 + 4
  shrl $16, %eax
  movw %ax, idt + 6 * 8 + 6
  lidt idt_pointer
  ud2

handler:
  iret

  .balign 8
gdt:
  .quad 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
gdt_pointer:
  .word 23
  .long gdt
idt:
  .skip 7 * 8
idt_pointer:
  .word 7 * 8 - 1
  .long idt

  .section .note.GNU-stack, "", @progbits
