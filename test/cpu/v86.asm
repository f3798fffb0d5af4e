; Virtual-8086 mode: entered by IRET, left by faults and interrupts, the IOPL rules, the I/O bitmap, instructions that it lacks.
; SDM vol. 3A chapter 21; vol. 1 19.5.2 (I/O permission bitmap).
%include "harness.inc"
%include "descriptor.inc"

GDT 104 + 128 ; a TSS with a bitmap of 1024 ports
GDT_END

V86_SEGMENT equ 0x2000
%macro VIRTUAL 2 ; label, IOPL
  mov dword [user_return], %%back
  mov [user_esp], esp
  push 0x6666
  push 0x5555
  push 0x4444
  push 0x7777
  push 0x3000
  push 0x1000
  push 0x20002 | ((%2) << 12)
  push V86_SEGMENT
  push (%1) - v86_code
  mov eax, 0x12345678
  iretd
%%back:
%endmacro
; ports whose bits are set fault
open_ports:
  pushad
  mov edi, tss + 104
  mov ecx, 128
  mov al, 0
  rep stosb
  mov byte [edi], 0xff
  popad
  ret

main:
  call open_ports
  mov esi, v86_code
  mov edi, V86_SEGMENT << 4
  mov ecx, v86_end - v86_code
  rep movsb
  mov eax, 0x31
  mov edx, reflect
  mov ecx, 0xee
  call set_gate
  mov eax, 0x32
  mov edx, reflect
  mov ecx, 0x8e
  call set_gate
  mov word [idtr], 0x40 * 8 - 1
  lidt [idtr]

%macro BOTH 2
  TRY %1
  SAY " iopl 0"
  VIRTUAL %2, 0
  END
  TRY %1
  SAY " iopl 3"
  VIRTUAL %2, 3
  END
%endmacro
  BOTH "hlt", v_hlt
  BOTH "cli", v_cli
  BOTH "pushf", v_pushf
  BOTH "pushfd", v_pushfd
  BOTH "popf", v_popf
  BOTH "popfd", v_popfd
  BOTH "iret", v_iret
  BOTH "iretd", v_iretd
  BOTH "int 31", v_int31
  BOTH "int 32", v_int32
  BOTH "int3", v_int3
  BOTH "into", v_into
  BOTH "segments", v_segments
  BOTH "far", v_far
  BOTH "lar", v_lar
  BOTH "sldt", v_sldt
  BOTH "arpl", v_arpl
  BOTH "lgdt", v_lgdt
  BOTH "smsw", v_smsw
  BOTH "lmsw", v_lmsw
  BOTH "mov cr0", v_cr0
  BOTH "mov to cr0", v_tocr0
  BOTH "mov dr0", v_dr0
  BOTH "clts", v_clts
  BOTH "invlpg", v_invlpg
  BOTH "rdmsr", v_rdmsr
  BOTH "write code", v_code
  BOTH "divide", v_divide
  BOTH "undefined", v_undefined
  BOTH "lock", v_lock
  BOTH "out", v_out
  or byte [tss + 104 + (0xea >> 3)], 1 << (0xea & 7)
  BOTH "out ea closed", v_out_ea
  BOTH "out word e9", v_out_word
  BOTH "in dword e7", v_in_dword
  BOTH "in ec", v_in_ec
  BOTH "out past the bitmap", v_past
  BOTH "in over its end", v_over

  ; the same port rules for CPL 3 above IOPL
  TRY "user out closed"
  USER .user_out
  END
  TRY "user popf"
  USER .user_popf
  END
  ret
.user_out:
  push 0x2
  popfd ; CPL 3 cannot change IOPL
  pushfd
  pop eax
  and eax, 0x37700
  call log_hex
  push DATA3
  push ring3_top
  push 2
  push CODE3
  push .user_low
  iretd
.user_low:
  mov al, '+'
  out LOG, al
  pushfd
  pop eax
  and eax, 0x37700
  call log_hex
  mov al, 0
  out 0xea, al
  int 0x30
.user_popf:
  push 0x277ed7
  popfd
  pushfd
  pop eax
  push 0x3002
  popfd
  call log_hex
  int 0x30

reflect: ; an interrupt from virtual-8086 mode: what it pushed
  push eax
  mov eax, DATA0
  mov ds, eax
  SAY " int"
  mov eax, [esp]
  call log_hex
  xor ebx, ebx
.next:
  mov eax, [esp + 4 + ebx * 4]
  cmp ebx, 2
  jne .plain
  and eax, 0xfffefffb ; RF and PF
.plain:
  call log_hex
  inc ebx
  cmp ebx, 9
  jb .next
  mov eax, es
  call log_hex
  pop eax
  iretd

v86_code:
bits 16
v_hlt:
  hlt
v_cli:
  cli
  sti
  hlt
v_pushf:
  pushf
  pop ax
  hlt
v_pushfd:
  pushfd
  pop eax
  hlt
v_popf:
  push word 0x7ed7
  popf
  pushf
  pop ax
  push word 0x0002
  popf
  hlt
v_popfd:
  push dword 0x277ed7
  popfd
  pushfd
  pop eax
  push dword 0x0002
  popfd
  hlt
v_iret:
  push word 0x4002
  push word V86_SEGMENT - 1
  push word v_there - v86_code + 16
  iret
v_iretd:
  push dword 0x4002
  push dword V86_SEGMENT - 1
  push dword v_there - v86_code + 16
  iretd
v_there:
  pushf
  pop ax
  mov bx, cs
  hlt
v_int31:
  int 0x31
  hlt
v_int32:
  int 0x32
  hlt
v_int3:
  int3
  hlt
v_into:
  mov al, 0x7f
  inc al
  into
  hlt
v_segments:
  mov ax, 0xffff
  mov ds, ax
  mov ax, 0x1234
  mov es, ax
  push cs
  pop fs
  lgs bx, [cs:v_pointer - v86_code]
  hlt
v_far:
  call V86_SEGMENT - 1:v_callee - v86_code + 16
  mov ax, sp
  jmp V86_SEGMENT - 1:v_hlt - v86_code + 16
v_callee:
  retf
v_pointer: dw 0x1111, 0x2222
v_lar:
  lar ax, bx
  hlt
v_sldt:
  sldt ax
  hlt
v_arpl:
  arpl ax, bx
  hlt
v_lgdt:
  lgdt [0]
  hlt
v_smsw:
  smsw ax
  hlt
v_lmsw:
  lmsw ax
  hlt
v_cr0:
  mov eax, cr0
  hlt
v_tocr0:
  mov cr0, eax
  hlt
v_dr0:
  mov eax, dr0
  hlt
v_clts:
  clts
  hlt
v_invlpg:
  invlpg [0]
  hlt
v_rdmsr:
  rdmsr
  hlt
v_code:
  mov word [cs:0xfff0], 0xaa55
  mov ax, [cs:0xfff0]
  hlt
v_divide:
  xor dx, dx
  xor ax, ax
  xor cx, cx
  div cx
v_undefined:
  ud2
v_lock:
  db 0xf0, 0x90
v_out:
  mov al, '!'
  out LOG, al
  hlt
v_out_ea:
  out 0xea, al
  hlt
v_out_word:
  out 0xe9, ax
  hlt
v_in_dword:
  in eax, 0xe7
  hlt
v_in_ec:
  mov dx, 0xec
  in al, dx
  xor ax, ax
  hlt
v_past:
  mov dx, 0x408
  out dx, al
  hlt
v_over:
  mov dx, 0x3ff
  in ax, dx
  hlt
v86_end:
bits 32
image_end:
section .bss
bss_end:
