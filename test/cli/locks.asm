; A kernel that uses the local APIC and the UART as xv6 does: its locks read the APIC ID, it prints by transmitter interrupts through the I/O APIC
; and never sets MCR.OUT2, a task priority holds interrupts off, messages go to others and itself, the APIC's timer ticks. Output on COM1, then a write of 0 to port F4h.
; Multiboot 0.6.96; SDM vol. 3A chapter 11; 82093AA; 16550.
bits 32
org 0x100000

APIC equ 0xfee00000
IOAPIC equ 0xfec00000
COM1 equ 0x3f8
LOCKS equ 200000
UART_VECTOR equ 0x34
TIMER_VECTOR equ 0x45
MESSAGE_VECTOR equ 0x51
TICKS equ 3

header:
  dd 0x1badb002, 0x00010000, -(0x1badb002 + 0x00010000)
  dd header, header, image_end, bss_end, entry

entry:
  cld
  cli
  mov esp, stack_top
  lgdt [gdtr]
  jmp 8:.flat
.flat:
  mov eax, 16
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov al, 0xff
  out 0x21, al
  out 0xa1, al
  mov eax, UART_VECTOR
  mov edx, on_uart
  call set_gate
  mov eax, TIMER_VECTOR
  mov edx, on_timer
  call set_gate
  mov eax, MESSAGE_VECTOR
  mov edx, on_message
  call set_gate
  mov eax, 0xff
  mov edx, on_spurious
  call set_gate
  lidt [idtr]

  mov dword [APIC + 0xf0], 0x1ff
  mov dword [APIC + 0x80], 0
  mov dword [IOAPIC], 0x10 + 2 * 4
  mov dword [IOAPIC + 0x10], UART_VECTOR
  mov dword [IOAPIC], 0x11 + 2 * 4
  mov eax, [APIC + 0x20]
  and eax, 0xff000000
  mov [IOAPIC + 0x10], eax
  mov dx, COM1 + 4
  mov al, 3 ; DTR, RTS, and no OUT2
  out dx, al
  sti

  mov esi, hello
  call print

  mov ecx, LOCKS
.next_lock:
  call acquire
  inc dword [counter]
  call release
  dec ecx
  jnz .next_lock
  mov esi, locks
  call print
  mov eax, [counter]
  call print_hex

  ; a priority class as high as the UART's holds its interrupt off until it is lowered
  mov dword [APIC + 0x80], UART_VECTOR & 0xf0
  mov eax, [interrupts]
  mov [before], eax
  mov dx, COM1 + 1
  mov al, 2
  out dx, al
  mov ecx, 100000
.wait_held:
  loop .wait_held
  mov eax, [interrupts]
  sub eax, [before]
  mov [held], eax
  mov ecx, 10000
.priorities: ; no class that lets it in
  mov dword [APIC + 0x80], UART_VECTOR & 0xf0
  mov dword [APIC + 0x80], 0xf0
  loop .priorities
  mov eax, [interrupts]
  sub eax, [before]
  add [held], eax
  mov dword [APIC + 0x80], 0x20
  mov ecx, 1000
.wait_let_in:
  loop .wait_let_in
  mov eax, [interrupts]
  sub eax, [before]
  mov [let_in], eax
  mov dword [APIC + 0x80], 0
  mov esi, held_text
  call print
  mov eax, [held]
  call print_hex
  mov esi, let_in_text
  call print
  xor eax, eax
  cmp dword [let_in], 0
  setne al
  call print_hex

  ; messages: one to a processor that there is not, one to this
  mov dword [APIC + 0x310], 5 << 24
  mov dword [APIC + 0x300], 0x4000 | MESSAGE_VECTOR
  mov ecx, 1000
.wait_other:
  loop .wait_other
  mov esi, other_text
  call print
  mov eax, [messages]
  call print_hex
  call who
  shl eax, 24
  mov [APIC + 0x310], eax
  mov dword [APIC + 0x300], 0x4000 | MESSAGE_VECTOR
  mov ecx, 1000
.wait_self:
  loop .wait_self
  mov esi, self_text
  call print
  mov eax, [messages]
  call print_hex

  mov dword [APIC + 0x3e0], 0xb
  mov dword [APIC + 0x320], TIMER_VECTOR | 0x20000
  mov dword [APIC + 0x380], 1000000
.wait_ticks:
  hlt
  cmp dword [ticks], TICKS
  jb .wait_ticks
  mov dword [APIC + 0x320], 0x10000
  mov esi, ticked
  call print
  mov esi, done
  call print
  mov al, 0
  out 0xf4, al
  hlt

; ---- locks, as xv6's spinlock.c has them: interrupts off, and who am I ----
push_off:
  pushfd
  pop eax
  cli
  cmp dword [depth], 0
  jne .nested
  and eax, 0x200
  mov [enabled], eax
.nested:
  inc dword [depth]
  ret
pop_off:
  dec dword [depth]
  jnz .out
  cmp dword [enabled], 0
  je .out
  sti
.out:
  ret
who:
  mov eax, [APIC + 0x20]
  shr eax, 24
  ret
acquire:
  call push_off
  call who
  mov edx, 1
.spin:
  xchg [lock_word], edx
  test edx, edx
  jnz .spin
  mov [owner], eax
  ret
release:
  call who
  cmp [owner], eax
  jne broken
  mov dword [lock_word], 0
  call pop_off
  ret
broken:
  mov al, 1
  out 0xf4, al
  hlt

; ---- printing: the transmitter takes a byte at each of its interrupts ----
print: ; esi: text, 0 behind it
  mov [next_byte], esi
  mov dx, COM1 + 1
  mov al, 2
  out dx, al
.wait:
  cli
  mov esi, [next_byte]
  cmp byte [esi], 0
  je .end
  sti
  hlt
  jmp .wait
.end:
  sti
  ret

print_hex: ; eax, 8 digits and a line end
  push ecx
  mov ecx, 8
  mov edi, digits
.digit:
  rol eax, 4
  mov edx, eax
  and edx, 15
  mov dl, [digit_names + edx]
  mov [edi], dl
  inc edi
  loop .digit
  mov word [edi], 10
  mov esi, digits
  call print
  pop ecx
  ret

on_uart:
  pushad
  inc dword [interrupts]
  mov dx, COM1 + 2
  in al, dx
  mov esi, [next_byte]
  mov al, [esi]
  test al, al
  jz .nothing
  mov dx, COM1
  out dx, al
  inc dword [next_byte]
  jmp .end
.nothing:
  mov dx, COM1 + 1
  mov al, 0
  out dx, al
.end:
  mov dword [APIC + 0xb0], 0
  popad
  iretd

on_message:
  inc dword [messages]
  mov dword [APIC + 0xb0], 0
  iretd

on_timer:
  inc dword [ticks]
  mov dword [APIC + 0xb0], 0
on_spurious:
  iretd

set_gate: ; eax: vector, edx: handler
  mov [idt + eax * 8], dx
  mov word [idt + eax * 8 + 2], 8
  mov word [idt + eax * 8 + 4], 0x8e00
  shr edx, 16
  mov [idt + eax * 8 + 6], dx
  ret

hello: db "locks, a priority, a timer", 10, 0
locks: db "locks ", 0
held_text: db "held off ", 0
let_in_text: db "let in ", 0
other_text: db "to another ", 0
self_text: db "to itself ", 0
ticked: db "ticked", 10, 0
done: db "done", 10, 0
digit_names: db "0123456789abcdef"
align 8
gdt:
  dq 0
  dq 0x00cf9b000000ffff
  dq 0x00cf93000000ffff
gdtr:
  dw 23
  dd gdt
idtr:
  dw 256 * 8 - 1
  dd idt
next_byte: dd nothing
nothing: db 0
image_end:
section .bss
alignb 8
idt: resb 256 * 8
counter: resd 1
lock_word: resd 1
owner: resd 1
depth: resd 1
enabled: resd 1
interrupts: resd 1
before: resd 1
held: resd 1
let_in: resd 1
messages: resd 1
ticks: resd 1
digits: resb 16
  resb 4096
stack_top:
bss_end:
