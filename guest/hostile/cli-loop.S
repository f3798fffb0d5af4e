/* Loops for ever with interrupts off: only a time-out or the user ends it.
   Intel SDM vol. 2A CLI. */

  .data
  .globl hostile_about
hostile_about: .asciz "HOSTILE cli-loop\r\n"

  .text
  .globl hostile
hostile:
  cli
1:
  jmp 1b

  .section .note.GNU-stack, "", @progbits
