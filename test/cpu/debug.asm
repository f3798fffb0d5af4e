; Debug registers, single step, SYSENTER, control-register rules, alignment checks, time-stamp disable, interrupt shadow.
; SDM vol. 3B chapter 17; vol. 2 MOV CR, MOV DR, SYSENTER; vol. 3A 6.15 #AC.
%include "harness.inc"
%include "descriptor.inc"

GDT
GDT_END

%macro SEE 1
  mov eax, %1
  call log_hex
%endmacro

; #DB: logs and goes on; [rf] says whether to set RF
on_debug:
  push eax
  SAY " #DB"
  SEE [esp + 4]
  mov eax, [esp + 12]
  and eax, 0x277700
  call log_hex
  mov eax, dr6
  and eax, 0xe00f
  call log_hex
  xor eax, eax
  mov dr6, eax
  mov eax, dr7
  call log_hex
  inc dword [count]
  cmp dword [count], 20
  jb .more
  and dword [esp + 12], ~0x100
.more:
  mov eax, [rf]
  or [esp + 12], eax
  pop eax
  iretd

%macro TRACE 0
  mov dword [count], 0
  pushfd
  or dword [esp], 0x100
  popfd
%endmacro
%macro UNTRACE 0
  pushfd
  and dword [esp], ~0x100
  popfd
%endmacro
%macro BREAK 3 ; register, address, DR7
  mov eax, %2
  mov dr%1, eax
  mov eax, %3
  mov dr7, eax
%endmacro

main:
  mov eax, 1
  mov edx, on_debug
  mov ecx, 0x8e
  call set_gate
  TRY "step"
  TRACE
  nop
  mov eax, 1
  mov ecx, 3
  add eax, ecx
  UNTRACE
  END
  TRY "step over rep"
  mov edi, buffer
  mov ecx, 3
  xor eax, eax
  TRACE
  rep stosb
  UNTRACE
  END
  TRY "step over a jump"
  TRACE
  jmp .over
  nop
.over:
  UNTRACE
  END
  TRY "step over mov ss"
  mov eax, ss
  TRACE
  mov ss, eax
  nop
  nop
  UNTRACE
  END
  TRY "step over int"
  mov eax, 0x31
  mov edx, just_return
  mov ecx, 0xee
  call set_gate
  mov word [idtr], 0x40 * 8 - 1
  lidt [idtr]
  TRACE
  int 0x31
  nop
  UNTRACE
  END
  TRY "step over a fault"
  TRACE
  ud2
  END
  TRY "step in ring 3"
  mov dword [count], 0
  USER .user_step
  END
  TRY "pushf while tracing"
  TRACE
  pushfd
  pop ebx
  UNTRACE
  and ebx, 0x7700
  SEE ebx
  END

  mov dword [rf], 0x10000
  TRY "instruction breakpoint"
  BREAK 0, .here0, 0x401
  nop
.here0:
  nop
  nop
  END
  TRY "instruction breakpoints, global"
  BREAK 1, .here1, 0x408
  nop
.here1:
  inc eax
  nop
  END
  TRY "a breakpoint not enabled"
  BREAK 2, .here2, 0x400
  nop
.here2:
  nop
  END
  mov dword [rf], 0
  TRY "data write"
  BREAK 0, buffer, 0x000d0401
  mov eax, [buffer]
  mov [buffer], eax
  mov [buffer + 4], eax
  mov byte [buffer + 3], 1
  nop
  END
  TRY "data read or write"
  BREAK 1, buffer, 0x00f00404
  mov eax, [buffer]
  mov [buffer], eax
  mov al, [buffer + 4]
  nop
  END
  TRY "byte"
  BREAK 2, buffer + 1, 0x03000410
  mov al, [buffer]
  mov al, [buffer + 1]
  mov eax, [buffer]
  mov ax, [buffer + 2]
  nop
  END
  TRY "word, push"
  mov ebx, esp
  mov esp, ring1_top
  mov eax, ring1_top - 4
  mov dr3, eax
  mov eax, 0x50000440
  mov dr7, eax
  push eax
  nop
  mov esp, ebx
  END
  xor eax, eax
  mov dr7, eax
  TRY "dr4 is dr6"
  mov eax, dr4
  and eax, 0xe00f
  call log_hex
  END
  TRY "dr4 with DE"
  mov eax, cr4
  or eax, 8
  mov cr4, eax
  mov eax, dr4
  END
  TRY "dr5 with DE"
  mov dr5, eax
  END
  mov eax, cr4
  and eax, ~8
  mov cr4, eax
  TRY "user dr"
  USER .user_dr
  END

  ; control registers
  TRY "ET"
  mov eax, cr0
  and eax, ~0x10
  mov cr0, eax
  mov eax, cr0
  and eax, 0x3f
  call log_hex
  END
  TRY "lmsw"
  mov eax, 0xe
  lmsw ax
  smsw eax
  and eax, 0xffff
  call log_hex
  clts
  xor eax, eax
  lmsw ax
  smsw eax
  and eax, 0xffff
  call log_hex
  END
  TRY "device not available"
  mov eax, 8
  lmsw ax
  fnop
  END
  TRY "emulated"
  mov eax, 4
  lmsw ax
  clts
  fnop
  END
  TRY "emulated SSE"
  xorps xmm0, xmm0
  END
  xor eax, eax
  lmsw ax
  TRY "user cr0"
  USER .user_cr0
  END
  TRY "user smsw"
  USER .user_smsw
  END
  TRY "user rdtsc"
  USER .user_rdtsc
  END
  TRY "user rdtsc disabled"
  mov eax, cr4
  or eax, 4
  mov cr4, eax
  rdtsc
  USER .user_rdtsc
  END
  mov eax, cr4
  and eax, ~4
  mov cr4, eax
  TRY "user rdmsr"
  USER .user_rdmsr
  END
  TRY "cr1"
  mov eax, cr1
  END
  TRY "cr5"
  mov cr5, eax
  END

  ; alignment
  mov eax, cr0
  or eax, 0x40000
  mov cr0, eax
  TRY "alignment in ring 0"
  pushfd
  or dword [esp], 0x40000
  popfd
  mov eax, [buffer + 1]
  END
  TRY "aligned in ring 3"
  USER .user_aligned
  END

  ; SYSENTER
  xor edx, edx
  mov ecx, 0x174
  xor eax, eax
  wrmsr
  TRY "sysenter without a segment"
  sysenter
  END
  TRY "sysexit without a segment"
  sysexit
  END
  mov ecx, 0x174
  mov eax, CODE0
  wrmsr
  inc ecx
  mov eax, ring0_top
  wrmsr
  inc ecx
  mov eax, fast_entry
  wrmsr
  TRY "sysenter"
  USER .user_fast
  END
  TRY "user sysexit"
  USER .user_sysexit
  END
  ret

.user_step:
  mov dword [count], 0
  pushfd
  or dword [esp], 0x100
  popfd
  nop
  inc eax
  int 0x31
  nop
  pushfd
  and dword [esp], ~0x100
  popfd
  int 0x30
.user_dr:
  mov eax, dr0
  int 0x30
.user_cr0:
  mov eax, cr0
  int 0x30
.user_smsw:
  smsw eax
  and eax, 0x3f
  call log_hex
  int 0x30
.user_rdtsc:
  rdtsc
  int 0x30
.user_rdmsr:
  rdmsr
  int 0x30
.user_aligned:
  pushfd
  or dword [esp], 0x40000
  popfd
  mov eax, [buffer + 4]
  mov ax, [buffer + 2]
  mov al, [buffer + 1]
  pushfd
  and dword [esp], ~0x40000
  popfd
  mov eax, [buffer + 1]
  int 0x30
.user_fast:
  mov ecx, esp
  mov edx, .user_back
  pushfd
  or dword [esp], 0x200
  popfd
  sysenter
.user_back:
  SAY " back"
  SEE cs
  SEE ss
  SEE esp
  int 0x30
.user_sysexit:
  sysexit
  int 0x30

fast_entry:
  SAY " entered"
  SEE cs
  SEE ss
  SEE esp
  pushfd
  pop eax
  and eax, 0x7700
  call log_hex
  sysexit

just_return:
  iretd

align 8
rf: dd 0
count: dd 0
buffer: times 64 db 0
image_end:
section .bss
bss_end:
