; Segment loads, LAR, LSL, VERR, VERW, ARPL, LLDT, LTR: every kind of descriptor, from CPL 0 and CPL 3.
; SDM vol. 2 MOV, LAR, LSL, VERR; vol. 3A 5.5-5.7.
%include "harness.inc"
%include "descriptor.inc"

GDT
probes:
  DESCRIPTOR 0x1000, 0x123, 0x0010 ; not present data
  DESCRIPTOR 0x1000, 0x123, 0x0090 ; read-only, not accessed
  DESCRIPTOR 0x1000, 0x123, 0x0092
  DESCRIPTOR 0x1000, 0x123, 0xc0f2
  DESCRIPTOR 0x1000, 0x123, 0x0096 ; expand-down
  DESCRIPTOR 0x1000, 0x123, 0x40f6
  DESCRIPTOR 0x1000, 0x123, 0x0098 ; execute-only
  DESCRIPTOR 0x1000, 0x123, 0x009a
  DESCRIPTOR 0x1000, 0x123, 0x009c ; conforming
  DESCRIPTOR 0x1000, 0x123, 0x009e
  DESCRIPTOR 0x1000, 0x123, 0x00fa
  DESCRIPTOR 0x1000, 0x123, 0x00fe
  DESCRIPTOR 0x1000, 0x123, 0x001a ; not present code
  DESCRIPTOR 0x1000, 0x123, 0x00b2 ; DPL 1
  DESCRIPTOR 0x1000, 0x123, 0x00d2 ; DPL 2
  DESCRIPTOR 0x1000, 0x123, 0x0080 ; system types
  DESCRIPTOR 0x1000, 0x123, 0x0081
  DESCRIPTOR 0x1000, 0x123, 0x0082
  DESCRIPTOR 0x1000, 0x123, 0x0083
  DESCRIPTOR 0x1000, 0x123, 0x00e4
  DESCRIPTOR 0x1000, 0x123, 0x00e5
  DESCRIPTOR 0x1000, 0x123, 0x0086
  DESCRIPTOR 0x1000, 0x123, 0x0087
  DESCRIPTOR 0x1000, 0x123, 0x0089
  DESCRIPTOR 0x1000, 0x123, 0x008b
  DESCRIPTOR 0x1000, 0x123, 0x00ec
  DESCRIPTOR 0x1000, 0x123, 0x008e
  DESCRIPTOR 0x1000, 0x123, 0x008f
  DESCRIPTOR 0x1000, 0x123, 0x0002 ; not present LDT
  DESCRIPTOR 0x1000, 0x123, 0x0009 ; not present TSS
GDT_END
copy: times (gdt_end - gdt) db 0

save_gdt:
  pushad
  mov esi, gdt
  mov edi, copy
  mov ecx, gdt_end - gdt
  rep movsb
  popad
  ret
restore_gdt:
  pushad
  mov esi, copy
  mov edi, gdt
  mov ecx, gdt_end - gdt
  rep movsb
  popad
  ret

%macro LOAD 1
  %defstr %%name load %1
  TRY %%name
  SHOW ebx
  mov edx, DATA0
  mov %1, ebx
  mov eax, %1
  mov %1, edx
  call log_hex
  END
  mov eax, ebx
  call show_descriptor
%endmacro

; the descriptor's second word, to see the accessed bit
show_descriptor:
  pushad
  and eax, 0xfff8
  cmp eax, gdt_end - gdt
  jae .out
  SHOW [gdt + eax + 4]
  call log_line
.out:
  popad
  ret

questions: ; ebx = selector
  SAY "lar"
  mov eax, 0x12345678
  lar eax, ebx
  pushfd
  and eax, 0xfff0ffff ; limit bits: shown by processors, not by the oracle
  call log_hex
  pop eax
  and eax, 0x40
  call log_hex
  mov eax, 0x12345678
  lar ax, bx
  call log_hex
  SAY " lsl"
  mov eax, 0x12345678
  lsl eax, ebx
  call log_hex
  pushfd
  pop eax
  and eax, 0x40
  call log_hex
  mov eax, 0x12345678
  lsl ax, bx
  call log_hex
  SAY " ver"
  verr bx
  pushfd
  pop eax
  and eax, 0x40
  call log_hex
  verw bx
  pushfd
  pop eax
  and eax, 0x40
  call log_hex
  call log_line
  ret

main:
  call save_gdt
  xor ebx, ebx
.selectors:
  LOAD ds
  call restore_gdt
  LOAD fs
  call restore_gdt
  LOAD ss
  mov eax, DATA0
  mov ss, eax
  call restore_gdt
  SHOW ebx
  call questions
  TRY "lldt"
  lldt bx
  sldt eax
  call log_hex
  END
  xor eax, eax
  lldt ax
  test ebx, ~3
  jz .null ; #GP(0) here and on processors, allowed by the oracle
  TRY "ltr"
  ltr bx
  str eax
  call log_hex
  END
.null:
  call restore_gdt
  inc ebx
  cmp ebx, gdt_end - gdt + 16
  jb .selectors
  mov ebx, 0x3c
.local:
  LOAD es
  call questions
  inc ebx
  cmp ebx, 0x40
  jb .local
  mov byte [gdt + TSS + 5], 0x89
  mov ax, TSS
  ltr ax
  xor ebx, ebx
.user:
  USER user_load
  call restore_gdt
  inc ebx
  cmp ebx, gdt_end - gdt + 8
  jb .user
  TRY "arpl"
  mov eax, 0x10
  mov ecx, 3
  arpl ax, cx
  call log_hex
  pushfd
  pop eax
  and eax, 0x40
  call log_hex
  mov eax, 0x13
  mov ecx, 2
  arpl ax, cx
  call log_hex
  pushfd
  pop eax
  and eax, 0x40
  call log_hex
  END
  ret

user_load:
  push dword [resume]
  SAY "cpl3 "
  SHOW ebx
  mov dword [resume], .next
  mov [saved_esp], esp
  call questions
  ; a fault ends in the harness at CPL 0: go back from there
  mov dword [resume], .failed
  mov eax, [user_esp]
  mov [saved_esp], eax
  mov es, ebx
  mov eax, es
  call log_hex
  mov edx, DATA3
  mov ss, ebx
  mov eax, ss
  mov ss, edx
  call log_hex
.next:
  call log_line
  int 0x30
.failed:
  call log_line
  jmp [user_return]
image_end:
section .bss
bss_end:
