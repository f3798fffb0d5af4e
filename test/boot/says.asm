; A boot sector for any drive: says its name on COM1 and leaves by port F4h. NAME is given on the command line.
; Source: IBM PC BIOS interface; El Torito 1.0 (no emulation).
        bits 16
        org 0x7c00

        cli
        xor ax, ax
        mov ds, ax
        mov si, text
next:   lodsb
        test al, al
        jz leave
        mov bl, al
        mov dx, 0x3fd
full:   in al, dx
        test al, 0x20
        jz full
        mov al, bl
        mov dx, 0x3f8
        out dx, al
        jmp next
leave:  mov al, 0x10
        out 0xf4, al
        hlt
        jmp leave

text:   db NAME, ' boots', 10, 0

        times 510 - ($ - $$) db 0
        dw 0xaa55
