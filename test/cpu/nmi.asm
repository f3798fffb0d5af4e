; NMIs that a processor sends itself by its local APIC: none is taken before the handler of the one before has come to its IRET.
; SDM vol. 3A 6.7.1 (handling multiple NMIs), 10.6.1 (ICR).
%include "harness.inc"
%include "descriptor.inc"

GDT
GDT_END

APIC equ 0xfee00000

%macro SEND 0 ; an NMI to APIC ID 0, this processor
  mov dword [APIC + 0x310], 0
  mov dword [APIC + 0x300], 0x4400
%endmacro

; Each NMI sends `again` more while it runs, and says where it begins and ends.
handler:
  push eax
  push ecx
  inc dword [depth]
  inc dword [count]
  SAY " in"
  SHOW [depth]
  cmp dword [again], 0
  je .quiet
  dec dword [again]
  SEND
  SAY " sent"
  SEND
  SAY " sent"
  mov ecx, 1000
.wait:
  loop .wait
.quiet:
  cmp dword [fault], 0
  je .no_fault
  mov dword [fault], 0
  ud2
.no_fault:
  dec dword [depth]
  SAY " out"
  pop ecx
  pop eax
  iretd

; An exception within the handler: its IRET ends the blocking.
skip_ud2:
  SAY " ud2"
  add dword [esp], 2
  iretd

main:
  mov dword [APIC + 0xf0], 0x1ff
  mov eax, 2
  mov edx, handler
  mov ecx, 0x8e
  call set_gate
  mov eax, 6
  mov edx, skip_ud2
  call set_gate
  TRY "one"
  SEND
  nop
  END
  mov dword [again], 1
  TRY "from within: once more, after IRET"
  SEND
  nop
  END
  mov dword [again], 3
  TRY "each sends the next"
  SEND
  nop
  nop
  END
  mov dword [again], 1
  mov dword [fault], 1
  TRY "an IRET of an exception within"
  SEND
  nop
  END
  TRY "interrupts off make no difference"
  cli
  SEND
  nop
  END
  TRY "all of them"
  SHOW [count]
  SHOW [depth]
  END
  ret
image_end:
section .bss
depth: resd 1
count: resd 1
again: resd 1
fault: resd 1
bss_end:
