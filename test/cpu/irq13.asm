; x87 errors with CR0.NE = 0: FERR# to IRQ 13, port F0h to IGNNE#. Its log is beside it, irq13.txt, read against the manual: the oracle aborts.
; SDM vol. 1 8.7.2, appendix D.2; PIIX3, "Coprocessor error".
%include "harness.inc"
%include "descriptor.inc"

GDT
GDT_END

%macro STATUS 0
  push eax
  fnstsw ax
  movzx eax, ax
  call log_hex
  pop eax
%endmacro

; [clear]: the handler ends the error; [ignore]: it writes F0h. It shows how far the instruction at which it was taken is from [waits].
irq13:
  push eax
  inc dword [count]
  SAY " IRQ 13 at"
  mov eax, [esp + 4]
  sub eax, [waits]
  call log_hex
  STATUS
  cmp dword [ignore], 0
  je .no_f0
  mov al, 0
  out 0xf0, al
.no_f0:
  mov al, 0x20
  out 0xa0, al
  out 0x20, al
  cmp dword [clear], 0
  je .no_clear
  fnclex
.no_clear:
  pop eax
  iretd

; The timer, once: lets IRQ 13 through.
irq0:
  push eax
  SAY " IRQ 0 at"
  mov eax, [esp + 4]
  sub eax, [waits]
  call log_hex
  mov al, 0xff & ~0x20
  out 0xa1, al
  mov al, 0xfb
  out 0x21, al
  mov al, 0x20
  out 0x20, al
  pop eax
  iretd

set_up_pic:
  mov al, 0x11
  out 0x20, al
  out 0xa0, al
  mov al, 0x20
  out 0x21, al
  mov al, 0x28
  out 0xa1, al
  mov al, 4
  out 0x21, al
  mov al, 2
  out 0xa1, al
  mov al, 1
  out 0x21, al
  out 0xa1, al
  mov al, 0xfb
  out 0x21, al
  mov al, 0xdf
  out 0xa1, al
  ret

%macro DIVIDE 0 ; 1 / 0
  fld1
  fldz
  fdivp
%endmacro
%macro WAIT_HERE 0
  mov dword [waits], %%here
%%here:
  fwait
%endmacro
%macro BEGIN 1 ; control word
  fninit
  mov word [control], %1
  fldcw [control]
%endmacro

main:
  call set_up_pic
  mov eax, 0x2d
  mov edx, irq13
  mov ecx, 0x8e
  call set_gate
  mov eax, 0x20
  mov edx, irq0
  call set_gate
  mov eax, cr0
  and eax, ~0x2e
  mov cr0, eax
  mov dword [clear], 1
  mov dword [ignore], 1
  sti

  TRY "masked"
  BEGIN 0x37f
  DIVIDE
  fwait
  STATUS
  END
  TRY "unmasked, no instruction waits"
  BEGIN 0x37b
  DIVIDE
  nop
  STATUS
  fnclex
  END
  TRY "FWAIT"
  BEGIN 0x37b
  DIVIDE
  WAIT_HERE
  STATUS
  END
  TRY "again"
  BEGIN 0x37b
  DIVIDE
  WAIT_HERE
  STATUS
  END
  mov dword [clear], 0
  TRY "ignored while it lasts"
  BEGIN 0x37b
  DIVIDE
  WAIT_HERE
  STATUS
  WAIT_HERE
  fld1
  WAIT_HERE
  STATUS
  END
  mov dword [clear], 1
  TRY "and a new one is new"
  BEGIN 0x37b
  DIVIDE
  WAIT_HERE
  STATUS
  END
  TRY "unmasked later"
  BEGIN 0x37f
  DIVIDE
  mov word [control], 0x37b
  fldcw [control]
  WAIT_HERE
  STATUS
  END
  TRY "masked before anything waits"
  BEGIN 0x37b
  DIVIDE
  fnstenv [environment]
  STATUS
  fnclex
  WAIT_HERE
  STATUS
  END
  TRY "MMX"
  BEGIN 0x37b
  DIVIDE
  mov dword [waits], .mmx
.mmx:
  paddb mm0, mm0
  STATUS
  emms
  END
  TRY "behind STI"
  BEGIN 0x37b
  DIVIDE
  cli
  sti
  WAIT_HERE
  STATUS
  END
  TRY "another interrupt comes first"
  mov al, 0xff
  out 0xa1, al
  mov al, 0xfa
  out 0x21, al
  mov al, 0x30 ; channel 0, one shot
  out 0x43, al
  mov al, 0
  out 0x40, al
  mov al, 0x10
  out 0x40, al
  BEGIN 0x37b
  DIVIDE
  WAIT_HERE
  STATUS
  END
  TRY "ignored before anything waits"
  BEGIN 0x37b
  DIVIDE
  cli
  mov al, 0
  out 0xf0, al
  fwait
  STATUS
  fnclex
  sti
  nop
  END
  TRY "native mode"
  mov eax, cr0
  or eax, 0x20
  mov cr0, eax
  BEGIN 0x37b
  DIVIDE
  WAIT_HERE
  END
  fnclex
  TRY "all of them"
  SHOW [count]
  END
  ret
image_end:
section .bss
control: resd 1
clear: resd 1
ignore: resd 1
count: resd 1
waits: resd 1
environment: resb 32
bss_end:
