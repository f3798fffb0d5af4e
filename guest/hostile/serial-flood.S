/* Writes to COM1 without end and without asking whether there is room.
   National Semiconductor PC16550D data sheet, section 8. */

  .data
  .globl hostile_about
hostile_about: .asciz "HOSTILE serial-flood\r\n"

  .text
  .globl hostile
hostile:
  movl $line, %esi
  movl $line_end - line, %ecx
  movw $0x3F8, %dx
  rep outsb
  jmp hostile

line: .ascii "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\r\n"
line_end:

  .section .note.GNU-stack, "", @progbits
