; The hardware task switch: by JMP, CALL, IRET, task gates of 32 and 16 bits; busy, link, NT, TS, LDT, CR3; every refusal.
; SDM vol. 3A chapter 7.
%include "harness.inc"
%include "descriptor.inc"

GDT
task_descriptors:
  DESCRIPTOR 0, 103, 0x0089 ; 30 task
  DESCRIPTOR 0, 43, 0x0081 ; 38 16-bit task
  DESCRIPTOR 0, 102, 0x0089 ; 40 too small
  DESCRIPTOR 0, 103, 0x0009 ; 48 not present
  DESCRIPTOR 0, 103, 0x00e9 ; 50 task, DPL 3
task_gate:
  dw 0, 0x30, 0xe500, 0 ; 58 task gate
  dw 0, 0x40, 0xe500, 0 ; 60 gate to the one too small
  dw 0, 0x10, 0xe500, 0 ; 68 gate to data
  dw 0, 0x30, 0x6500, 0 ; 70 gate not present
  DESCRIPTOR 0, 15, 0x0082 ; 78 LDT
  DESCRIPTOR 0, 0xfffff, 0xc01b ; 80 code, not present
  DESCRIPTOR 0, 0xfffff, 0xc013 ; 88 data, not present
  DESCRIPTOR 0, 15, 0x0002 ; 90 LDT, not present
  DESCRIPTOR 0x100000, 0xffff, 0x009b ; 98 16-bit code
  DESCRIPTOR 0x100000, 0xffff, 0x0093 ; a0 16-bit data
  DESCRIPTOR 0, 103, 0x0089 ; a8 catcher
GDT_END
ldt:
  DESCRIPTOR 0, 0xfffff, 0xc093
  DESCRIPTOR 0, 0xfffff, 0xc0f3

; edx = base, ebx = selector
set_base:
  mov eax, edx
  mov [gdt + ebx + 2], ax
  shr eax, 16
  mov [gdt + ebx + 4], al
  mov [gdt + ebx + 7], ah
  ret

; a fresh 32-bit task at `task_code`
make_task:
  pushad
  mov edi, task
  xor eax, eax
  mov ecx, 26
  rep stosd
  mov dword [task + 4], ring0_top - 512
  mov dword [task + 8], DATA0
  mov eax, cr3
  mov [task + 0x1c], eax
  mov dword [task + 0x20], task_code
  mov dword [task + 0x24], 0x2
  mov dword [task + 0x28], 0xaaaaaaaa
  mov dword [task + 0x2c], 0xcccccccc
  mov dword [task + 0x30], 0xdddddddd
  mov dword [task + 0x34], 0xbbbbbbbb
  mov dword [task + 0x38], task_top
  mov dword [task + 0x3c], 0xbbbb0000
  mov dword [task + 0x40], 0x51515151
  mov dword [task + 0x44], 0xd1d1d1d1
  mov dword [task + 0x48], DATA0
  mov dword [task + 0x4c], CODE0
  mov dword [task + 0x50], DATA0
  mov dword [task + 0x54], DATA0
  mov dword [task + 0x58], DATA3
  mov dword [task + 0x5c], 0
  mov dword [task + 0x60], 0x78
  mov word [task + 0x66], 104
  mov byte [gdt + 0x30 + 5], 0x89
  mov byte [gdt + 0x28 + 5], 0x8b
  mov byte [gdt + 0x38 + 5], 0x81
  mov byte [gdt + 0x50 + 5], 0xe9
  clts
  popad
  ret

%macro SEE 1
  mov eax, %1
  call log_hex
%endmacro

; what a task finds: registers, flags, TR, LDTR, TS, busy bits, link, segments
report:
  call log_hex
  SEE ecx
  SEE edx
  SEE ebx
  SEE esp
  SEE ebp
  SEE esi
  SEE edi
  pushfd
  pop eax
  and eax, 0x7700
  call log_hex
  xor eax, eax
  str ax
  call log_hex
  sldt ax
  call log_hex
  mov eax, cr0
  and eax, 8
  call log_hex
  movzx eax, byte [gdt + 0x28 + 5]
  call log_hex
  movzx eax, byte [gdt + 0x30 + 5]
  call log_hex
  movzx eax, byte [gdt + 0x38 + 5]
  call log_hex
  movzx eax, word [task]
  call log_hex
  SEE cs
  SEE ss
  SEE ds
  SEE fs
  SEE gs
  mov eax, dr7
  call log_hex
  clts
  ret

task_code:
  SAY " task"
  call report
  iretd
  ; the next CALL of this task goes on here
  SAY " again"
  call report
  iretd

jumped_code:
  SAY " jumped"
  call report
  jmp TSS:0

gate_code: ; entered with an error code
  SAY " gate"
  pop eax
  call log_hex
  call report
  iretd

; back in the first task, whatever the second has done
%macro AFTER 0
  push eax
  SAY " back"
  mov eax, esp
  call log_hex
  xor eax, eax
  str ax
  call log_hex
  mov eax, cr0
  and eax, 8
  call log_hex
  movzx eax, byte [gdt + 0x28 + 5]
  call log_hex
  movzx eax, byte [gdt + 0x30 + 5]
  call log_hex
  pushfd
  pop eax
  and eax, 0x7700
  call log_hex
  mov eax, [task + 0x24]
  and eax, 0x7700
  call log_hex
  pop eax
%endmacro

main:
  mov edx, task
  mov ebx, 0x30
  call set_base
  mov ebx, 0x40
  call set_base
  mov ebx, 0x48
  call set_base
  mov ebx, 0x50
  call set_base
  mov edx, task16
  mov ebx, 0x38
  call set_base
  mov edx, ldt
  mov ebx, 0x78
  call set_base
  xor eax, eax
  lldt ax

  call make_task
  TRY "call"
  mov eax, 0x155
  mov dr7, eax
  call 0x30:0
  AFTER
  END
  TRY "call again"
  call 0x30:0
  AFTER
  END
  xor eax, eax
  mov dr7, eax
  call make_task
  TRY "call through a gate"
  call 0x58:0
  AFTER
  END
  call make_task
  mov dword [task + 0x20], jumped_code
  TRY "jump"
  jmp 0x30:0
  AFTER
  END
  call make_task
  mov dword [task + 0x20], jumped_code
  TRY "jump through a gate"
  jmp 0x58:0
  AFTER
  END
  call make_task
  TRY "16 bits"
  mov edi, task16
  mov ecx, 11
  xor eax, eax
  rep stosd
  mov word [task16 + 0x0e], task16_code - 0x100000
  mov word [task16 + 0x10], 2
  mov word [task16 + 0x12], 0xaaaa
  mov word [task16 + 0x14], 0xcccc
  mov word [task16 + 0x16], 0xdddd
  mov word [task16 + 0x18], 0xbbbb
  mov word [task16 + 0x1a], 0x7f00
  mov word [task16 + 0x1c], 0xb0b0
  mov word [task16 + 0x1e], 0x5151
  mov word [task16 + 0x20], 0xd1d1
  mov word [task16 + 0x22], DATA0
  mov word [task16 + 0x24], 0x98
  mov word [task16 + 0x26], 0xa0
  mov word [task16 + 0x28], DATA0
  mov eax, 0x12345678
  call 0x38:0
  AFTER
  SEE [task16 + 0x0c]
  SEE [task16 + 0x10]
  SEE [task16 + 0x14]
  SEE [task16 + 0x18]
  END

  ; refusals before the switch
  call make_task
  mov esi, refusals
.refusal:
  movzx ebx, word [esi]
  mov [pointer + 4], bx
  call make_task
  TRY "refused call"
  SHOW ebx
  call far [pointer]
  AFTER
  END
  call make_task
  mov dword [task + 0x20], jumped_code
  TRY "refused jump"
  SHOW ebx
  jmp far [pointer]
  END
  call make_task
  mov dword [task + 0x24], 0x3002
  mov dword [task + 0x20], jumped_user
  TRY "user call"
  SHOW ebx
  USER .user_call
  END
  add esi, 2
  cmp esi, refusals_end
  jb .refusal
  jmp states
.user_call:
  call far [pointer]
  AFTER
  int 0x30
jumped_user:
  SAY " task"
  iretd

; a state in the TSS that the new task cannot take: the exception comes in the new task's context
states:
  mov edx, catcher
  mov ebx, 0xa8
  call set_base
  mov eax, 10
.catch:
  mov word [idt + eax * 8 + 2], 0xa8
  mov byte [idt + eax * 8 + 5], 0x85
  inc eax
  cmp eax, 14
  jb .catch
  mov esi, bad_states
.next:
  call make_task
  mov ebx, [esi]
  mov edx, [esi + 4]
  mov [task + ebx], edx
  TRY "state"
  SHOW ebx
  SHOW edx
  call 0x30:0
  AFTER
  END
  call reload
  add esi, 8
  cmp esi, bad_states_end
  jb .next
  mov eax, 10
.release:
  mov word [idt + eax * 8 + 2], CODE0
  mov byte [idt + eax * 8 + 5], 0x8e
  inc eax
  cmp eax, 14
  jb .release
  ; IRET with NT: the link
  mov esi, links
.link:
  call make_task
  movzx ebx, word [esi]
  mov [tss], bx
  TRY "iret link"
  SHOW ebx
  pushfd
  or dword [esp], 0x4000
  popfd
  iretd
  END
  call reload
  add esi, 2
  cmp esi, links_end
  jb .link

  ; task gates in the IDT
  mov word [idt + 8 * 8 + 2], 0x30
  mov byte [idt + 8 * 8 + 5], 0x85
  mov word [idt + 0x20 * 8 + 2], 0x30
  mov byte [idt + 0x20 * 8 + 5], 0xe5
  call make_task
  TRY "interrupt"
  int 0x20
  AFTER
  END
  call make_task
  mov dword [task + 0x24], 0x3002
  TRY "user interrupt"
  USER .user_interrupt
  END
  mov word [idt + 13 * 8 + 2], 0x30
  mov byte [idt + 13 * 8 + 5], 0x85
  call make_task
  mov dword [task + 0x20], skip_code
  TRY "#GP by a task"
  mov eax, 0x7ff8
  mov ds, eax
  AFTER
  END
  call make_task
  mov dword [task + 0x20], skip_code
  TRY "double fault by a task"
  mov byte [idt + 11 * 8 + 5], 0
  mov byte [idt + 13 * 8 + 5], 0
  mov eax, 0x88
  mov ds, eax
  AFTER
  END
  mov byte [idt + 11 * 8 + 5], 0x8e
  ret
.user_interrupt:
  int 0x20
  SAY " back"
  int 0x30

skip_code: ; error code on the stack; steps over the 2-byte instruction of the task before
  SAY " error"
  pop eax
  call log_hex
  add dword [tss + 0x20], 2
  call report
  iretd
  jmp skip_code

; an exception of a task that could not begin: the error code, the task as it was left, then the first task again
catch_code:
  SAY " caught"
  pop eax
  call log_hex
  movzx eax, word [catcher]
  call log_hex
  mov eax, [task + 0x24]
  and eax, 0x7700
  call log_hex
  SEE [task + 0x28]
  movzx eax, word [task + 0x48]
  call log_hex
  movzx eax, word [task + 0x4c]
  call log_hex
  movzx eax, word [task + 0x50]
  call log_hex
  movzx eax, word [task + 0x54]
  call log_hex
  movzx eax, word [task + 0x60]
  call log_hex
  movzx eax, byte [gdt + 0x28 + 5]
  call log_hex
  movzx eax, byte [gdt + 0x30 + 5]
  call log_hex
  mov byte [gdt + 0x28 + 5], 0x89
  jmp TSS:0
  jmp catch_code

; whichever task runs now, be the first one again
reload:
  pushad
  mov byte [gdt + 0x28 + 5], 0x89
  mov ax, TSS
  ltr ax
  xor eax, eax
  lldt ax
  mov cr3, eax
  clts
  popad
  ret

bits 16
task16_code:
  o32 call dword CODE0:.log
  iretw
bits 32
.log:
  movzx esp, sp
  SAY " task16"
  call log_hex
  SEE ecx
  SEE edx
  SEE ebx
  SEE esp
  SEE ebp
  SEE esi
  SEE edi
  SEE fs
  SEE gs
  SEE ss
  movzx eax, word [task16]
  call log_hex
  retf

pointer: dd 0
  dw 0
refusals:
  dw 0x40, 0x43, 0x48, 0x4b, 0x28, 0x2b, 0x50, 0x53, 0x30, 0x33, 0x58, 0x5b, 0x60, 0x63, 0x68, 0x70, 0x73, 0x78
refusals_end:
bad_states:
  dd 0x4c, 0, 0x4c, 0x10, 0x4c, 0x80, 0x4c, 0x1b, 0x4c, 0x9, 0x4c, 0x7ff8
  dd 0x50, 0, 0x50, 0x8, 0x50, 0x88, 0x50, 0x23, 0x50, 0x11, 0x50, 0x7ff8
  dd 0x54, 0x88, 0x54, 0x30, 0x54, 0x7ff8, 0x48, 0x7ff8, 0x5c, 0x13, 0x5c, 0x88
  dd 0x60, 0x10, 0x60, 0x90, 0x60, 0x7ff8, 0x60, 0x4, 0x60, 0
bad_states_end:
links:
  dw 0, 0x30, 0x40, 0x48, 0x10, 0x7ff8, 4, 0x28
links_end:
align 4
catcher:
  dd 0, 0, 0, 0, 0, 0, 0, 0, catch_code, 2, 0, 0, 0, 0, catcher_top, 0, 0, 0, DATA0, CODE0, DATA0, DATA0, 0, 0, 0, 104 << 16
image_end:
section .bss
  resb 1024
catcher_top:
task: resb 256
task16: resb 256
  resb 4096
task_top:
bss_end:
