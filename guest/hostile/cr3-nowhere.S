/* Turns paging on with a page directory where no memory is.
   Intel SDM vol. 3A 4.3 (32-bit paging), 6.15 (shutdown). */

  .data
  .globl hostile_about
hostile_about: .asciz "HOSTILE cr3-nowhere\r\n"

  .text
  .globl hostile
hostile:
  movl $0xF0000000, %eax
  movl %eax, %cr3
  movl %cr0, %eax
  orl $0x80000000, %eax
  movl %eax, %cr0
  jmp 1f
1:
  hlt

  .section .note.GNU-stack, "", @progbits
