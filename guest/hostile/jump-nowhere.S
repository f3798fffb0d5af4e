/* Jumps to an address where no memory is.
   Intel SDM vol. 3A 6.15 (what is read there is no code: #UD, and there is no IDT). */

  .data
  .globl hostile_about
hostile_about: .asciz "HOSTILE jump-nowhere\r\n"

  .text
  .globl hostile
hostile:
  movl $0xF0000000, %eax
  jmp *%eax

  .section .note.GNU-stack, "", @progbits
