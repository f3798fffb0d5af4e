; What the SDM says and the oracle does not do: its expected log is beside it, stricter.txt, read against the manual.
; SDM vol. 2 JMP, CALL, INT, IRET, MOV CR, MOV DR, WRMSR; vol. 3A 4.4.1, 4.7, 6.13, 6.15, 7.3, 21.2.4.
%include "harness.inc"
%include "descriptor.inc"

GDT
  DESCRIPTOR 0, 0x10, 0x409b ; 30 code, small limit
  GATE 0x30, main, 0x8c, 0 ; 38 gate beyond the limit
  GATE 0x48, main, 0x8c, 0 ; 40 gate to absent code
  DESCRIPTOR 0, 0xfffff, 0xc01b ; 48
  GATE 0x58, conforming, 0xec, 0 ; 50 gate to conforming code
  DESCRIPTOR 0, 0xfffff, 0xc09f ; 58
  DESCRIPTOR 0, 0xfffff, 0xc0bb ; 60 code, DPL 1
GDT_END

%macro SEE 1
  mov eax, %1
  call log_hex
%endmacro
%macro VIRTUAL 2 ; code, EIP
  mov dword [user_return], %%back
  mov [user_esp], esp
  push 0
  push 0
  push 0
  push 0
  push 0x3000
  push 1
  push 0x23002
  push 0x2000
  push %2
  mov eax, [%1]
  mov [0x20000], eax
  xor eax, eax
  xor ebx, ebx
  iretd
%%back:
%endmacro

conforming:
  SEE cs
  retf

main:
  TRY "call beyond the limit"
  call 0x30:0x1000
  END
  TRY "call gate beyond the limit"
  call 0x38:0
  END
  TRY "jump through a gate to absent code"
  jmp 0x40:0
  END
  TRY "conforming code keeps CPL in CS"
  USER .user_conforming
  END
  TRY "ltr 0"
  xor eax, eax
  ltr ax
  END
  TRY "icebp"
  db 0xf1
  END
  TRY "fault while an exception is delivered"
  and byte [idt + 6 * 8 + 5], 0x7f
  ud2
  END
  or byte [idt + 6 * 8 + 5], 0x80

  ; virtual-8086 mode
  TRY "iret to virtual-8086 mode beyond 64 KiB"
  VIRTUAL code_hlt, 0x10000
  END
  TRY "virtual-8086 mode has limits"
  VIRTUAL code_limit, 0
  END
  TRY "its stack too"
  VIRTUAL code_push, 0
  END
  TRY "its interrupts go to CPL 0"
  mov word [idt + 0x31 * 8 + 2], 0x60
  mov byte [idt + 0x31 * 8 + 5], 0xee
  VIRTUAL code_int, 0
  END
  TRY "VM in an image at CPL 3"
  USER .user_virtual
  END

  ; debug registers
  TRY "general detect"
  mov eax, 0x2000
  mov dr7, eax
  mov eax, dr7
  END
  SEE dr7
  call log_line
  TRY "fixed bits"
  mov eax, -1
  mov dr6, eax
  mov eax, dr6
  call log_hex
  mov eax, 0xffffd800
  mov dr7, eax
  mov eax, dr7
  call log_hex
  mov eax, 0x400
  mov dr7, eax
  mov eax, 0xffff0ff0
  mov dr6, eax
  END

  ; control registers and MSRs
  TRY "PG without PE"
  mov eax, cr0
  and eax, ~1
  or eax, 0x80000000
  mov cr0, eax
  END
  TRY "NW without CD"
  mov eax, cr0
  and eax, ~0x40000000
  or eax, 0x20000000
  mov cr0, eax
  END
  TRY "reserved bits of CR4"
  mov eax, 0x10000000
  mov cr4, eax
  END
  TRY "unknown MSR read"
  mov ecx, 0x12345
  rdmsr
  END
  TRY "unknown MSR write"
  wrmsr
  END
  TRY "wrong memory type"
  mov ecx, 0x277
  mov eax, 2
  xor edx, edx
  wrmsr
  END
  TRY "rdpmc"
  rdpmc
  END

  ; alignment
  mov eax, cr0
  or eax, 0x40000
  mov cr0, eax
  TRY "alignment"
  USER .user_unaligned
  END
  TRY "alignment of a stack"
  USER .user_stack
  END

  ; PAE
  mov dword [pdpt], directory + 1
  mov dword [directory], 0x87
  mov dword [directory + 4 * 8], table + 7
  mov dword [table], 0x300007
  mov eax, cr4
  or eax, 0x20
  mov cr4, eax
  mov eax, pdpt
  mov cr3, eax
  mov eax, cr0
  or eax, 0x80000000
  mov cr0, eax
  TRY "NX without NXE is reserved"
  mov dword [table + 4], 0x80000000
  mov eax, [0x800000]
  END
  TRY "reserved address bits"
  mov dword [table + 4], 0x100
  mov eax, [0x800000]
  END
  TRY "the pointer table is cached"
  mov dword [pdpt + 8], directory + 1
  mov eax, [0x40000000]
  END
  TRY "bad pointer table"
  mov dword [pdpt + 16], directory + 3
  mov eax, cr3
  mov cr3, eax
  END
  ret

.user_conforming:
  call 0x53:0
  int 0x30
.user_virtual:
  push DATA3
  push ring3_top
  push 0x23002
  push CODE3
  push .user_back
  iretd
.user_back:
  pushfd
  pop eax
  and eax, 0x37700
  call log_hex
  int 0x30
.user_unaligned:
  pushfd
  or dword [esp], 0x40000
  popfd
  mov eax, [user_esp + 1]
  int 0x30
.user_stack:
  pushfd
  or dword [esp], 0x40000
  popfd
  mov esp, ring3_top - 6
  push eax
  int 0x30

code_hlt: db 0xf4, 0, 0, 0
code_limit: db 0x4b, 0x8b, 0x07, 0xf4 ; dec bx; mov ax, [bx]; hlt
code_push: db 0x50, 0xf4, 0, 0
code_int: db 0xcd, 0x31, 0xf4, 0
image_end:
section .bss
alignb 4096
pdpt: resb 4096
directory: resb 4096
table: resb 4096
bss_end:
