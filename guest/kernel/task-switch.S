/* The switch from one kernel stack to another.
   System V ABI, Intel386 supplement, 3.2.1 (registers that a call preserves). */

/* void switch_stack(uint32_t *saved_esp, uint32_t new_esp) */
  .text
  .globl switch_stack
switch_stack:
  movl 4(%esp), %eax
  movl 8(%esp), %edx
  pushl %ebp
  pushl %ebx
  pushl %esi
  pushl %edi
  movl %esp, (%eax)
  movl %edx, %esp
  popl %edi
  popl %esi
  popl %ebx
  popl %ebp
  ret

  .section .note.GNU-stack, "", @progbits
