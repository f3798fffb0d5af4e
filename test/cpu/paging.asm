; Paging: rights, error codes, accessed and dirty bits, WP, INVLPG, global pages, 4 MiB pages; PAE with NX; double faults.
; SDM vol. 3A chapter 4; table 6-5.
%include "harness.inc"
%include "descriptor.inc"

GDT
GDT_END

PAGE equ 0x800000 ; linear page under test; its table maps 4 MiB
FRAME equ 0x300000 ; physical

; directory: 0-4 MiB identity as user pages, PAGE by `table`
make_tables:
  pushad
  mov edi, directory
  mov ecx, 3 * 1024
  xor eax, eax
  rep stosd
  mov eax, 7
  mov edi, identity
  mov ecx, 1024
.next:
  stosd
  add eax, 0x1000
  loop .next
  mov dword [directory], identity + 7
  mov dword [directory + (PAGE >> 22) * 4], table + 7
  popad
  ret

%macro ENTRIES 0
  SAY " pde"
  mov eax, [directory + (PAGE >> 22) * 4]
  and eax, 0xfff
  test byte [table], 0x20
  jnz %%used
  and eax, ~0x20 ; of a walk that failed processors and the oracle leave it differently
%%used:
  call log_hex
  SAY " pte"
  mov eax, [table]
  call log_hex
%endmacro

main:
  call make_tables
  mov eax, directory
  mov cr3, eax
  mov eax, cr0
  or eax, 0x80000000
  mov cr0, eax
  mov dword [FRAME], 0xcafe0000
  mov byte [FRAME + 16], 0xcd ; int 0x30
  mov byte [FRAME + 17], 0x30

  ; every combination of directory and page rights (P, W, U), WP off and on, six accesses
  xor edi, edi ; bit 0 WP, bits 1-3 page, bits 4-6 directory
.rights:
  call set_rights
  TRY "read"
  SHOW edi
  mov eax, [PAGE]
  call log_hex
  END
  call show_entries
  call set_rights
  TRY "write"
  SHOW edi
  mov dword [PAGE], 0xcafe0000
  END
  call show_entries
  ; of an absent page a processor says that it was for writing, the oracle that it was for reading
  mov eax, edi
  and eax, 0x12
  cmp eax, 0x12
  jne .absent
  call set_rights
  TRY "read-modify-write"
  SHOW edi
  add dword [PAGE + 4], 0
  END
.absent:
  call set_rights
  TRY "user read"
  SHOW edi
  USER .user_read
  END
  call show_entries
  call set_rights
  TRY "user write"
  SHOW edi
  USER .user_write
  END
  call show_entries
  call set_rights
  TRY "user execute"
  SHOW edi
  USER PAGE + 16
  END
  call show_entries
  inc edi
  cmp edi, 128
  jb .rights
  jmp edges
.user_read:
  mov eax, [PAGE]
  int 0x30
.user_write:
  mov byte [PAGE + 8], 1
  int 0x30

set_rights:
  mov eax, cr0
  and eax, ~0x10000
  test edi, 1
  jz .no
  or eax, 0x10000
.no:
  mov cr0, eax
  mov eax, edi
  shr eax, 1
  and eax, 7
  or eax, FRAME
  mov [table], eax
  mov eax, edi
  shr eax, 4
  and eax, 7
  or eax, table
  mov [directory + (PAGE >> 22) * 4], eax
  mov eax, cr3
  mov cr3, eax
  ret
show_entries:
  ENTRIES
  call log_line
  ret

edges:
  mov edi, 0x7f
  call set_rights
  mov dword [table + 4], 0
  TRY "read over the edge"
  mov eax, [PAGE + 0xffe]
  END
  TRY "write over the edge"
  mov dword [PAGE + 0xffe], 0x11111111
  END
  SHOW [PAGE + 0xffc]
  TRY "string over the edge"
  mov edi, PAGE + 0xff8
  mov ecx, 8
  mov eax, 0x77777777
  rep stosd
  END
  SHOW ecx
  SHOW edi
  call log_line
  TRY "popa over the edge"
  mov esp, PAGE + 0xff0
  mov ebx, 0x12121212
  popad
  END
  SHOW ebx
  call log_line
  ; a stale entry stays until INVLPG or CR3
  TRY "invlpg"
  mov dword [table], FRAME + 7
  mov eax, cr3
  mov cr3, eax
  mov eax, [PAGE]
  mov dword [table], FRAME + 0x1007
  invlpg [PAGE]
  mov eax, [PAGE]
  call log_hex
  mov dword [table], 0
  invlpg [PAGE]
  mov eax, [PAGE]
  END
  TRY "4 MiB page"
  mov eax, cr4
  or eax, 0x10
  mov cr4, eax
  mov dword [directory + (PAGE >> 22) * 4], 0x83
  mov eax, cr3
  mov cr3, eax
  mov eax, [PAGE + FRAME]
  call log_hex
  mov eax, [directory + (PAGE >> 22) * 4]
  call log_hex
  mov [PAGE + FRAME + 4], eax
  mov eax, [directory + (PAGE >> 22) * 4]
  call log_hex
  USER .user_large
  END
  TRY "4 MiB page without PSE"
  mov eax, cr4
  and eax, ~0x10
  mov cr4, eax
  mov dword [directory + (PAGE >> 22) * 4], table + 0x87
  mov dword [table], FRAME + 7
  mov eax, cr3
  mov cr3, eax
  mov eax, [PAGE]
  call log_hex
  END
  ; double faults, told from serial ones: the handler of the first exception is broken
  mov esi, pairs
.pair:
  movzx ebx, byte [esi]
  movzx edi, byte [esi + 1]
  mov dword [table], 0
  mov dword [table + 4], 0
  invlpg [PAGE]
  invlpg [PAGE + 0x1000]
  TRY "pair"
  SHOW ebx
  SHOW edi
  call break_gate
  mov eax, [first_faults + ebx * 4]
  jmp eax
.paired:
  END
  call mend_gate
  add esi, 2
  cmp esi, pairs_end
  jb .pair
  jmp pae
.user_large:
  mov eax, [PAGE]
  int 0x30

; gate of the first exception: edi = how it is broken
break_gate:
  mov eax, [vectors + ebx * 4]
  lea edx, [idt + eax * 8]
  mov [broken], edx
  mov eax, [edx]
  mov [gate], eax
  mov eax, [edx + 4]
  mov [gate + 4], eax
  cmp edi, 0
  je .absent
  cmp edi, 1
  je .type
  mov word [edx + 2], DATA0
  ret
.absent:
  and byte [edx + 5], 0x7f
  ret
.type:
  mov byte [edx + 5], 0x80
  ret
mend_gate:
  mov edx, [broken]
  mov eax, [gate]
  mov [edx], eax
  mov eax, [gate + 4]
  mov [edx + 4], eax
  ret

fault_divide:
  xor edx, edx
  xor ecx, ecx
  div ecx
fault_undefined:
  ud2
fault_gp:
  mov eax, 0x7ff8
  mov ds, eax
fault_page:
  mov eax, [PAGE]
fault_bound:
  bound eax, [bounds]
bounds: dd 0x7fffffff, 0x7fffffff
first_faults: dd fault_divide, fault_undefined, fault_gp, fault_page, fault_bound
vectors: dd 0, 6, 13, 14, 5
pairs:
  ; after a benign one the second is delivered by itself, with EXT: there the oracle leaves EXT clear
  db 0, 0, 0, 1, 0, 2, 2, 0, 2, 2, 3, 0, 3, 1, 3, 2
pairs_end:
broken: dd 0
gate: dd 0, 0

; ---- PAE -----------------------------------------------------------------------------------------------------------------
pae:
  mov eax, cr0
  and eax, 0x7fffffff
  mov cr0, eax
  mov edi, pdpt
  mov ecx, 4 * 1024
  xor eax, eax
  rep stosd
  mov dword [pdpt], pae_directory + 1
  mov dword [pae_directory], 0x87
  mov dword [pae_directory + 8], 0x200087
  mov dword [pae_directory + (PAGE >> 21) * 8], pae_table + 7
  mov dword [pae_table], FRAME + 7
  mov eax, cr4
  or eax, 0x20
  mov cr4, eax
  mov eax, pdpt
  mov cr3, eax
  TRY "PAE"
  mov eax, cr0
  or eax, 0x80000000
  mov cr0, eax
  mov eax, [PAGE]
  call log_hex
  SHOW [pae_table]
  mov [PAGE], eax
  SHOW [pae_table]
  END
  mov dword [pae_table + 4], 0x80000000
  invlpg [PAGE]
  TRY "NX read"
  mov ecx, 0xc0000080
  rdmsr
  or eax, 0x800
  wrmsr
  mov eax, [PAGE]
  call log_hex
  END
  TRY "NX execute"
  mov eax, PAGE + 16
  call eax
  END
  TRY "NX user execute"
  USER PAGE + 16
  END
  TRY "NX by the directory"
  mov dword [pae_table + 4], 0
  mov dword [pae_directory + (PAGE >> 21) * 8 + 4], 0x80000000
  invlpg [PAGE]
  USER PAGE + 16
  END
  TRY "executable"
  mov dword [pae_directory + (PAGE >> 21) * 8 + 4], 0
  invlpg [PAGE]
  USER PAGE + 16
  END
  mov dword [pae_table + 4], 0
  invlpg [PAGE]
  TRY "above 4 GiB"
  mov dword [pae_table + 4], 1
  invlpg [PAGE]
  mov dword [PAGE], 0x11111111
  SHOW [FRAME]
  mov dword [pae_table + 4], 8
  invlpg [PAGE]
  add dword [PAGE], 0x11111111
  SHOW [FRAME]
  mov dword [pae_table + 4], 0
  invlpg [PAGE]
  SHOW [PAGE]
  END
  TRY "2 MiB page"
  mov dword [pae_directory + (PAGE >> 21) * 8], 0x200083
  mov eax, cr3
  mov cr3, eax
  mov eax, [PAGE + 0x100000]
  call log_hex
  SHOW [pae_directory + (PAGE >> 21) * 8]
  USER .user_pae
  END
  TRY "absent directory"
  mov eax, [0x40000000]
  END
  mov dword [pdpt + 8], pae_directory + 1
  TRY "pointer table is loaded"
  mov eax, cr3
  mov cr3, eax
  mov eax, [0x40000000 + FRAME]
  call log_hex
  END
  ret
.user_pae:
  mov eax, [PAGE]
  int 0x30
image_end:
section .bss
alignb 4096
directory: resb 4096
identity: resb 4096
table: resb 4096
pdpt: resb 4096
pae_directory: resb 4096
  resb 4096
pae_table: resb 4096
bss_end:
