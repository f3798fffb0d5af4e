; A boot sector that talks by the screen: says READY in yellow on blue, then shows each key as the BIOS has it.
; g: a red picture of 320 by 200. q: writes 15h to port F4h. IBM PC BIOS, interrupts 10h and 16h.
bits 16
org 0x7c00
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, 0x7c00
    mov ax, 0x0003
    int 0x10
    mov ax, 0xb800
    mov es, ax
    xor di, di
    mov si, ready
    mov ah, 0x1e
.say:
    lodsb
    test al, al
    jz .said
    stosw
    jmp .say
.said:
    mov ah, 0x02                ; the cursor to the second line
    xor bh, bh
    mov dx, 0x0100
    int 0x10
next:
    mov ah, 0x10
    int 0x16
    cmp al, 'q'
    je quit
    cmp al, 'g'
    je picture
    mov dx, ax
    mov cx, 4
.digit:
    rol dx, 4
    mov al, dl
    and al, 15
    add al, '0'
    cmp al, '9'
    jbe .put
    add al, 'a' - '9' - 1
.put:
    mov ah, 0x0e
    xor bx, bx
    int 0x10
    loop .digit
    mov ax, 0x0e20
    int 0x10
    jmp next
picture:
    mov ax, 0x0013
    int 0x10
    mov ax, 0xa000
    mov es, ax
    xor di, di
    mov cx, 320 * 200
    mov al, 4
    rep stosb
    jmp next
quit:
    mov al, 0x15
    out 0xf4, al
    hlt
ready db 'READY', 0
    times 510 - ($ - $$) db 0
    dw 0xaa55
