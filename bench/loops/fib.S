.code32
_start:
 movl $0x180000, %esp
 pushl $40
 call fib
 hlt
fib:
 pushl %ebp
 movl %esp,%ebp
 pushl %ebx
 movl 8(%ebp),%eax
 cmpl $2,%eax
 jb 1f
 decl %eax
 pushl %eax
 call fib
 popl %ecx
 movl %eax,%ebx
 movl 8(%ebp),%eax
 subl $2,%eax
 pushl %eax
 call fib
 popl %ecx
 addl %ebx,%eax
1: popl %ebx
 popl %ebp
 ret
