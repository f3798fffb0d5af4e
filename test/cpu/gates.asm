; Far transfers: direct, conforming, through call gates of 16 and 32 bits with parameters, returns to outer levels, interrupt
; gates, stacks from the TSS, and every way in which they are refused.
; SDM vol. 2 CALL, JMP, RET, IRET, INT; vol. 3A 5.8, 6.12.
%include "harness.inc"
%include "descriptor.inc"

GDT
  DESCRIPTOR 0, 0xfffff, 0xc0bb ; 30 code, DPL 1
  DESCRIPTOR 0, 0xfffff, 0xc0b3 ; 38 data, DPL 1
  DESCRIPTOR 0, 0xfffff, 0xc09f ; 40 conforming code, DPL 0
  DESCRIPTOR 0, 0xfffff, 0xc01b ; 48 code, not present
  DESCRIPTOR 0, 0x10, 0x409b ; 50 code, small limit
  DESCRIPTOR 0, 0xfffff, 0xc013 ; 58 data, not present
  DESCRIPTOR 0x100000, 0xffff, 0x009b ; 60 16-bit code
  DESCRIPTOR 0x100000, 0xffff, 0x0093 ; 68 16-bit data
  DESCRIPTOR 0x100000, 0xffff, 0x00fb ; 70 16-bit code, DPL 3
  DESCRIPTOR 0x100000, 0xffff, 0x00f3 ; 78 16-bit data, DPL 3
  GATE CODE0, gate_target, 0x8c, 0 ; 80 32-bit gate, DPL 0
  GATE CODE0, gate_target, 0xec, 3 ; 88 32-bit gate, 3 parameters
  GATE 0x31, ring1_target, 0xec, 2 ; 90 to level 1
  GATE 0x40, conforming_target, 0xec, 0 ; 98 conforming
  GATE CODE0, gate16_target, 0x84, 1 ; a0 16-bit gate, DPL 0
  GATE 0x60, gate16_target, 0xe4, 2 ; a8 16-bit gate, 16-bit code
  GATE CODE0, gate_target, 0x6c, 0 ; b0 not present
  GATE 0x48, gate_target, 0xec, 0 ; b8 code not present
  GATE DATA0, gate_target, 0xec, 0 ; c0 not code
  GATE 0, gate_target, 0xec, 0 ; c8 null
  GATE 0x50, gate_target, 0xec, 0 ; d0 beyond the limit
  GATE 0x7ff8, gate_target, 0xec, 0 ; d8 beyond the table
  GATE CODE3, user_target, 0xec, 0 ; e0 outward
  DESCRIPTOR 0, 0xfffff, 0xc0ff ; e8 conforming code, DPL 3
GDT_END

%macro STATE 0
  SAY " cs"
  mov eax, cs
  call log_hex
  SAY " ss"
  mov eax, ss
  call log_hex
%endmacro

; a 32-bit gate's target: segments, stack pointer below the top, and the words on it
gate_target:
  STATE
  mov eax, esp
  call log_hex
  mov eax, [ss:esp]
  call log_hex
  mov eax, [ss:esp + 4]
  call log_hex
  mov eax, [ss:esp + 8]
  call log_hex
  mov eax, [ss:esp + 12]
  call log_hex
  mov eax, [ss:esp + 16]
  call log_hex
  mov eax, [ss:esp + 20]
  call log_hex
  mov eax, [ss:esp + 24]
  call log_hex
  cmp word [counted], 0
  jne .three
  retf
.three:
  retf 12
ring1_target:
  STATE
  mov eax, [ss:esp + 8]
  call log_hex
  mov eax, [ss:esp + 16]
  call log_hex
  mov eax, [ss:esp + 20]
  call log_hex
  retf 8
conforming_target:
  STATE
  retf
bits 16
gate16_target:
  o32 call dword 0x08:.log
  jmp .back
bits 32
.log:
  movzx esp, sp ; the upper half is that of the flat stack before
  STATE
  mov eax, esp
  call log_hex
  movzx eax, word [esp + 8]
  call log_hex
  movzx eax, word [esp + 10]
  call log_hex
  movzx eax, word [esp + 12]
  call log_hex
  movzx eax, word [esp + 14]
  call log_hex
  retf
bits 16
.back:
  o16 retf 4
bits 32
user_target:
  retf
counted: dw 0

main:
  xor eax, eax
  lldt ax
  mov word [counted], 0
  mov dword [tss + 12], ring1_top
  mov dword [tss + 16], 0x39

  ; at CPL 0
  mov esi, transfers
.next:
  movzx ebx, word [esi]
  mov [pointer + 4], bx
  mov dword [pointer], .after_jump
  TRY "jump"
  SHOW ebx
  jmp far [pointer]
.after_jump:
  STATE
  jmp CODE0:.here
.here:
  END
  mov dword [pointer], conforming_target
  TRY "call"
  SHOW ebx
  call far [pointer]
  STATE
  END
  add esi, 2
  cmp esi, transfers_end
  jb .next

  TRY "gate"
  call 0x80:0
  END
  mov word [counted], 3
  TRY "gate to conforming code"
  call 0x98:0
  END
  TRY "gate to absent code"
  call 0xb8:0
  END
  TRY "gate with parameters, same level"
  push 0x33333333
  push 0x22222222
  push 0x11111111
  call 0x88:0
  mov eax, esp
  call log_hex
  END

  ; at CPL 3
  mov esi, transfers
.user_next:
  movzx ebx, word [esi]
  mov [pointer + 4], bx
  mov dword [pointer], .user_there
  TRY "user jump"
  SHOW ebx
  USER .user_jump
  END
  mov dword [pointer], conforming_target
  TRY "user call"
  SHOW ebx
  mov word [counted], 0
  USER .user_call
  END
  add esi, 2
  cmp esi, transfers_end
  jb .user_next
  mov word [counted], 3
  TRY "user gate 88"
  USER .user_gate
  END
  TRY "user gate 90"
  USER .user_gate1
  END
  TRY "user gate a8"
  mov word [tss + 8], 0x68
  mov dword [tss + 4], 0x4000
  USER .user_gate16
  mov dword [tss + 4], ring0_top
  mov dword [tss + 8], DATA0
  END
  jmp stacks

.user_there:
  STATE
  int 0x30
.user_jump:
  jmp far [pointer]
.user_call:
  push 0x33333333
  push 0x22222222
  push 0x11111111
  call far [pointer]
  STATE
  mov eax, esp
  call log_hex
  int 0x30
.user_gate:
  push 0x33333333
  push 0x22222222
  push 0x11111111
  call 0x8b:0
  STATE
  mov eax, esp
  call log_hex
  mov eax, ds
  call log_hex
  int 0x30
.user_gate1:
  push 0x22222222
  push 0x11111111
  call 0x93:0
  STATE
  mov eax, esp
  call log_hex
  int 0x30
.user_gate16: ; a 16-bit gate keeps 16 bits of EIP and ESP
  mov eax, 0x7b
  mov ss, eax
  mov esp, 0x6000
  jmp 0x73:.small - 0x100000
bits 16
.small:
  push word 0x2222
  push word 0x1111
  call 0xab:0
  jmp dword CODE3:.large
bits 32
.large:
  STATE
  mov eax, esp
  call log_hex
  int 0x30

; the inner stack: what the TSS says is wrong in turn, entered by INT and by a gate
stacks:
  mov word [counted], 0
  mov esi, bad_stacks
.next:
  movzx ebx, word [esi]
  mov [tss + 24], bx
  mov dword [tss + 20], ring1_top
  mov [tss + 16], bx
  TRY "inner stack"
  SHOW ebx
  USER .gate
  END
  add esi, 2
  cmp esi, bad_stacks_end
  jb .next
  mov word [tss + 16], 0x39
  mov dword [tss + 12], ring1_top
  jmp returns
.gate:
  push 1
  push 2
  call 0x93:0
  int 0x30

; RETF and IRET to every selector, with every stack selector
returns:
  mov esi, return_selectors
.next:
  movzx ebx, word [esi]
  movzx edi, word [esi + 2]
  TRY "retf"
  SHOW ebx
  SHOW edi
  mov [user_esp], esp
  mov dword [user_return], .back_retf
  push edi
  push ring3_top
  push ebx
  push .there
  retf
.back_retf:
  END
  TRY "iret"
  SHOW ebx
  SHOW edi
  mov [user_esp], esp
  mov dword [user_return], .back_iret
  push edi
  push ring3_top
  push 0x3202
  push ebx
  push .there
  iretd
.back_iret:
  END
  add esi, 4
  cmp esi, return_selectors_end
  jb .next
  mov esi, return_selectors16
.next16:
  movzx ebx, word [esi]
  movzx edi, word [esi + 2]
  TRY "iret16"
  SHOW ebx
  SHOW edi
  mov [user_esp], esp
  mov dword [user_return], .back_iret16
  push di
  push word 0x8000
  push word 0x3002
  push bx
  push word .there16 - 0x100000
  o16 iret
.back_iret16:
  END
  add esi, 4
  cmp esi, return_selectors16_end
  jb .next16
  TRY "segments after retf"
  mov eax, DATA0
  mov ds, eax
  mov eax, DATA3
  mov es, eax
  mov eax, 0xeb
  mov fs, eax
  mov eax, 0x40
  mov gs, eax
  mov [user_esp], esp
  mov dword [user_return], .back_segments
  push DATA3
  push ring3_top
  push CODE3
  push .segments
  pushfd
  or dword [esp], 0x3000
  popfd
  retf
.back_segments:
  END
  jmp interrupts
.segments:
  mov eax, ds
  call log_hex
  mov eax, es
  call log_hex
  mov eax, fs
  call log_hex
  mov eax, gs
  call log_hex
  int 0x30
bits 16
.there16:
  mov ax, cs
  test al, 3
  jz .zero
  jmp dword CODE3:.there
.zero:
  jmp dword CODE0:.there
bits 32
.there:
  mov eax, cs
  call log_hex
  mov eax, ss
  call log_hex
  mov eax, esp
  call log_hex
  pushfd
  pop eax
  and eax, 0x3700
  call log_hex
  int 0x30

; gates of the IDT
interrupts:
  mov word [idtr], 0x40 * 8 - 1
  lidt [idtr]
  mov eax, 0x31
  mov ecx, 0x8e
  mov edx, handler
  call set_gate
  mov esi, idt_gates
.next:
  mov ebx, [esi]
  mov [idt + 0x31 * 8 + 2], bx
  shr ebx, 16
  mov [idt + 0x31 * 8 + 5], bl
  TRY "int"
  SHOW [esi]
  int 0x31
  END
  TRY "user int"
  SHOW [esi]
  USER .user_int
  END
  add esi, 4
  cmp esi, idt_gates_end
  jb .next
  TRY "int beyond the table"
  int 0x40
  END
  TRY "user int beyond the table"
  USER .user_beyond
  END
  TRY "int3"
  int3
  END
  TRY "into"
  mov eax, 0x7fffffff
  inc eax
  into
  END
  TRY "into not"
  xor eax, eax
  into
  END
  TRY "user int3"
  USER .user_int3
  END
  TRY "user int 8"
  USER .user_int8
  END
  TRY "user hlt"
  USER .user_hlt
  END
  TRY "user cli"
  USER .user_cli
  END
  TRY "bound"
  mov eax, 5
  bound eax, [.bounds]
  mov eax, 10
  bound eax, [.bounds]
  mov eax, 11
  bound eax, [.bounds]
  END
  TRY "bound16"
  mov eax, 0x1fffe
  bound ax, [.bounds16]
  mov eax, 0x1fffd
  bound ax, [.bounds16]
  END
  TRY "ud2"
  ud2
  END
  TRY "divide"
  xor eax, eax
  xor edx, edx
  xor ecx, ecx
  div ecx
  END
  ret
.bounds: dd 5, 10
.bounds16: dw -2, 10
.user_int:
  int 0x31
  STATE
  int 0x30
.user_beyond:
  int 0x50
  int 0x30
.user_int3:
  int3
  int 0x30
.user_int8:
  int 8
  int 0x30
.user_hlt:
  hlt
  int 0x30
.user_cli:
  cli
  sti
  SAY " allowed"
  push 0x0002
  popfd
  cli
  int 0x30

handler:
  push eax
  STATE
  mov eax, [ss:esp + 8]
  and eax, 0xffff
  call log_hex
  pushfd
  pop eax
  and eax, 0x7700
  call log_hex
  pop eax
  iretd

pointer: dd 0
  dw 0
transfers:
  dw 0, 1, 8, 9, 11, 0x10, 0x18, 0x1b, 0x20, 0x30, 0x31, 0x33, 0x40, 0x41, 0x43, 0x48, 0x4b, 0xe8, 0xeb, 0x7ff8, 0xc, 0x80, 0x83, 0x8b
  dw 0xb0, 0xb3, 0xc0, 0xc3, 0xc8, 0xcb, 0xd8, 0xdb, 0xe0, 0xe3
transfers_end:
bad_stacks:
  dw 0x39, 0, 1, 0x38, 0x3a, 0x10, 0x11, 0x30, 0x31, 0x59, 0x58, 0x7ff9, 0x3d, 0x21, 0x1b
bad_stacks_end:
return_selectors:
  dw 0, DATA3, 3, DATA3, 8, DATA0, 9, DATA0, CODE3, DATA3, CODE3, DATA0, CODE3, 0, CODE3, 3, CODE3, 0x7ffb, CODE3, 0x1b, CODE3, 0x3b
  dw 0x31, 0x39, 0x31, DATA3, 0x30, 0x39, 0x40, DATA0, 0x43, DATA3, 0x41, 0x39, 0x48, DATA0, 0x4b, DATA3, 0x10, DATA0, 0x23, DATA3
  dw 0x7ffb, DATA3, 0xeb, DATA3, CODE3, 0x7b, 0x5b, DATA3, CODE3, 0x5b
return_selectors_end:
return_selectors16:
  dw 0, DATA3, 0x60, 0x68, 0x73, 0x7b, 0x73, DATA3, 0x72, 0x7b, 0x73, DATA0, 0x73, 0
return_selectors16_end:
idt_gates:
  %macro IDT_PROBE 2
    dw %1, %2
  %endmacro
  IDT_PROBE CODE0, 0x8e
  IDT_PROBE CODE0, 0xee
  IDT_PROBE CODE0, 0xef
  IDT_PROBE CODE0, 0x8f
  IDT_PROBE CODE0, 0x6e
  IDT_PROBE CODE0, 0x0e
  IDT_PROBE CODE0, 0xec
  IDT_PROBE CODE0, 0xe9
  IDT_PROBE CODE0, 0xe0
  IDT_PROBE 0, 0xee
  IDT_PROBE 3, 0xee
  IDT_PROBE DATA0, 0xee
  IDT_PROBE CODE3, 0xee
  IDT_PROBE 0x31, 0xee
  IDT_PROBE 0x40, 0xee
  IDT_PROBE 0x48, 0xee
  IDT_PROBE 0x7ff8, 0xee
  IDT_PROBE 0x0c, 0xee
  IDT_PROBE TSS, 0xee
  IDT_PROBE TSS, 0xe5
  IDT_PROBE DATA0, 0xe5
  IDT_PROBE 0, 0xe5
idt_gates_end:
image_end:
section .bss
bss_end:
