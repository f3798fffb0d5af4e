# A program's first instructions, and the way back from a signal's handler. System V ABI, i386, 3.4.1; signal(7).
  .text
  .globl _start
_start:
  xorl %ebp, %ebp
  movl %esp, %eax
  andl $-16, %esp
  subl $12, %esp
  pushl %eax
  call begin
  hlt
  .globl signal_return
signal_return:
  movl $173, %eax
  int $0x80
  .section .note.GNU-stack, "", @progbits
