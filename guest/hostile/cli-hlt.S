/* Halts with interrupts off: nothing can ever wake it.
   Intel SDM vol. 2A HLT. */

  .data
  .globl hostile_about
hostile_about: .asciz "HOSTILE cli-hlt\r\n"

  .text
  .globl hostile
hostile:
  cli
1:
  hlt
  jmp 1b

  .section .note.GNU-stack, "", @progbits
