.code32
.text
.globl _start
_start:
 movl $100000000, %ecx
 movl $1, %eax
1: addl %ecx, %eax
 xorl $0x1234, %eax
 leal (%eax,%ecx,4), %edx
 shrl $3, %edx
 subl %edx, %eax
 decl %ecx
 jnz 1b
 hlt
