; Runs a batch of snippets, each from a given state in a small user memory, and writes what became of them to port 0xE9.
; Multiboot 0.6.96 section 3.1; the batch and the results are laid out in batch.mjs, which appends the batch to this image.
;
; Linear memory is physical memory: SCRATCH and a read-only page and the code for the snippets; all else that is mapped is ours.

LOG equ 0xe9
EXIT equ 0xf4

SCRATCH equ 0x8000
READ_ONLY equ 0x9000
CODE equ 0xa000
OURS equ 0x400000 ; our writable memory
PAGE_DIRECTORY equ OURS
PAGE_TABLES equ OURS + 0x1000
IDT equ OURS + 0x3000
TSS equ OURS + 0x4000
TEMPLATE equ OURS + 0x5000
RESULT equ OURS + 0x6000
FX equ OURS + 0x7000
NEXT equ OURS + 0x7200 ; record of the snippet at hand
LEFT equ OURS + 0x7204 ; snippets behind it
STACK_TOP equ OURS + 0x9000
OURS_END equ STACK_TOP

RESULT_SIZE equ 13 * 4 + 16 * 4 + 512
RECORD_CODE equ 48
RECORD_SIZE equ 192
FX_SIZE equ 512

CODE0 equ 0x08
DATA0 equ 0x10
CODE3 equ 0x1b
DATA3 equ 0x23
TSS_SELECTOR equ 0x28
END_VECTOR equ 0x40

bits 32
org 0x100000
header:
  dd 0x1badb002, 0x00010000, -(0x1badb002 + 0x00010000)
  dd header, header, 0, 0, entry

entry:
  cld
  mov al, 0xff
  out 0x21, al
  out 0xa1, al
  mov esp, STACK_TOP
  mov edi, OURS
  mov ecx, (OURS_END - OURS) / 4
  xor eax, eax
  rep stosd
  call map_memory
  call fill_template
  call make_gates
  mov dword [TSS + 4], STACK_TOP
  mov dword [TSS + 8], DATA0
  mov word [TSS + 102], 104
  lgdt [gdtr]
  jmp CODE0:.flat
.flat:
  ; data segments that both rings may use
  mov eax, DATA3
  mov ds, eax
  mov es, eax
  mov fs, eax
  mov gs, eax
  mov eax, DATA0
  mov ss, eax
  mov eax, TSS_SELECTOR
  ltr ax
  mov eax, PAGE_DIRECTORY
  mov cr3, eax
  mov eax, 0x600 ; OSFXSR, OSXMMEXCPT
  mov cr4, eax
  mov eax, 0x80010033 ; PG WP NE ET MP PE
  mov cr0, eax
  fninit
  mov dword [NEXT], batch_records
  mov eax, [batch_count]
  mov [LEFT], eax

next_snippet:
  dec dword [LEFT]
  jns run_snippet
  mov al, 0
  out EXIT, al
  hlt

run_snippet:
  mov ebp, [NEXT]
  mov esi, TEMPLATE
  mov edi, SCRATCH
  mov ecx, 1024
  rep movsd
  ; the code, then INT END_VECTOR to the end of the page
  mov eax, 0xcd | END_VECTOR << 8 | 0xcd << 16 | END_VECTOR << 24
  mov edi, CODE
  mov ecx, 1024
  rep stosd
  lea esi, [ebp + RECORD_CODE]
  mov edi, CODE
  mov ecx, [ebp + 44]
  rep movsb
  mov eax, [ebp + 40]
  shl eax, 9
  fxrstor [batch_fx + eax]
  xor eax, eax
  mov cr2, eax
  cmp dword [ebp + 36], 0
  je .inner
  push DATA3
  push dword [ebp + 16]
  push dword [ebp + 32]
  push CODE3
  push CODE
  jmp .go
.inner: ; no change of stacks: the frame goes below the snippet's
  mov esp, [ebp + 16]
  push dword [ebp + 32]
  push CODE0
  push CODE
.go:
  mov eax, [ebp]
  mov ecx, [ebp + 4]
  mov edx, [ebp + 8]
  mov ebx, [ebp + 12]
  mov esi, [ebp + 24]
  mov edi, [ebp + 28]
  mov ebp, [ebp + 20]
  iretd

; [esp]: vector, error code, EIP, CS, EFLAGS, (ESP, SS)
finish:
  pushad
  cld
  mov ebp, esp
  mov edi, RESULT
  mov eax, [ebp + 28]
  stosd
  mov eax, [ebp + 24]
  stosd
  mov eax, [ebp + 20]
  stosd
  mov eax, [ebp + 16]
  stosd
  lea eax, [ebp + 52]
  test byte [ebp + 44], 3
  jz .stack
  mov eax, [eax]
.stack:
  stosd
  mov eax, [ebp + 8]
  stosd
  mov eax, [ebp + 4]
  stosd
  mov eax, [ebp]
  stosd
  mov eax, [ebp + 40]
  stosd
  mov eax, [ebp + 48]
  stosd
  mov eax, [ebp + 32]
  stosd
  mov eax, [ebp + 36]
  stosd
  mov eax, cr2
  stosd
  ; at CPL 0 the frame lies in the scratch memory: undefined flags and the error code must not
  xor eax, eax
  mov [ebp + 36], eax
  mov [ebp + 48], eax
  mov esp, STACK_TOP
  mov esi, SCRATCH
  mov ecx, 16
.block:
  push ecx
  mov ecx, 64
  xor edx, edx
.sum:
  lodsd
  rol edx, 5
  add edx, eax
  loop .sum
  mov eax, edx
  stosd
  pop ecx
  loop .block
  fxsave [FX] ; wants 16 bytes' alignment
  mov esi, FX
  mov ecx, FX_SIZE / 4
  rep movsd
  mov esi, RESULT
  mov ecx, RESULT_SIZE
  mov edx, LOG
  rep outsb
  add dword [NEXT], RECORD_SIZE
  jmp next_snippet

; ---- preparation --------------------------------------------------------------------------------------------------

%define ENTRY(address) PAGE_TABLES + ((address) >> 12) * 4

map_memory:
  mov dword [PAGE_DIRECTORY], PAGE_TABLES | 7
  mov dword [PAGE_DIRECTORY + 4], (PAGE_TABLES + 0x1000) | 7
  mov dword [ENTRY(SCRATCH)], SCRATCH | 7
  mov dword [ENTRY(READ_ONLY)], READ_ONLY | 5
  mov dword [ENTRY(CODE)], CODE | 7
  mov eax, 0x100001
  mov edi, ENTRY(0x100000)
.image: ; supervisor, read-only
  stosd
  add eax, 0x1000
  cmp edi, ENTRY(OURS)
  jb .image
  or eax, 3
.ours:
  stosd
  add eax, 0x1000
  cmp edi, ENTRY(OURS_END)
  jb .ours
  ret

; Numbers of every size and kind: small ones, edges, floating point, noise.
fill_template:
  mov edi, TEMPLATE
  mov eax, 0x12345678
  mov ecx, 1024
.next:
  imul eax, eax, 1664525
  add eax, 1013904223
  mov edx, eax
  bswap edx
  test ecx, 3
  jnz .store
  sar edx, 24
.store:
  mov [edi], edx
  add edi, 4
  loop .next
  mov esi, TEMPLATE
  mov edi, READ_ONLY
  mov ecx, 1024
  rep movsd
  ret

make_gates:
  mov esi, stubs
  mov edi, IDT
  mov ecx, 32
.next:
  lodsd
  call put_gate
  loop .next
  mov edi, IDT + END_VECTOR * 8
  mov eax, stub_end
  call put_gate
  lidt [idtr]
  ret

put_gate: ; eax = handler; everyone may raise it
  mov edx, eax
  and eax, 0xffff
  or eax, CODE0 << 16
  mov [edi], eax
  and edx, 0xffff0000
  or edx, 0xee00
  mov [edi + 4], edx
  add edi, 8
  ret

%assign vector 0
%rep 32
stub%[vector]:
%if vector != 8 && (vector < 10 || vector > 14) && vector != 17
  push 0
%endif
  push vector
  jmp finish
%assign vector vector + 1
%endrep
stub_end:
  push 0
  push END_VECTOR
  jmp finish

align 4
stubs:
%assign vector 0
%rep 32
  dd stub%[vector]
%assign vector vector + 1
%endrep

gdt:
  dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
  dw 103, TSS & 0xffff
  db TSS >> 16, 0x89, 0, 0
gdtr:
  dw gdtr - gdt - 1
  dd gdt
idtr:
  dw 65 * 8 - 1
  dd IDT

align 16
batch: ; count, then FX images, then records
batch_count equ batch
batch_fx equ batch + 16
batch_records equ batch_fx + 16 * FX_SIZE
