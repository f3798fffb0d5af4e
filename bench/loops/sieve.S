.code32
_start:
 movl $0x7fffffff, %ebp
0: xorl %esi,%esi
 movl $2, %esi
1: leal (%esi,%esi), %edi
2: movb $1, 0x200000(%edi)
 addl %esi,%edi
 cmpl $8192,%edi
 jb 2b
 incl %esi
 cmpl $90,%esi
 jb 1b
 decl %ebp
 jnz 0b
 hlt
