/* An exception without an IDT: the processor shuts down.
   Intel SDM vol. 3A 6.15 (double fault, shutdown). */

  .data
  .globl hostile_about
hostile_about: .asciz "HOSTILE triple-fault\r\n"

  .text
  .globl hostile
hostile:
  ud2

  .section .note.GNU-stack, "", @progbits
