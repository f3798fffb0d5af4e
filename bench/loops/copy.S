.code32
_start:
0: movl $0x200000,%esi
 movl $0x300000,%edi
 movl $0x10000,%ecx
1: movl (%esi),%eax
 movl %eax,(%edi)
 addl $4,%esi
 addl $4,%edi
 movzbl (%esi),%ebx
 testl %ebx,%ebx
 jne 2f
2: decl %ecx
 jnz 1b
 jmp 0b
