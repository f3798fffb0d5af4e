; All of a disk in one sector: reads itself by INT 13h, by cylinders, says so on COM1, leaves by port F4h.
; Source: IBM PC BIOS interface; SeaBIOS hands over at 0000:7C00 with the drive in DL.
        bits 16
        org 0x7c00

        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        sti
        cld

        push dx                 ; the drive
        mov ah, 8               ; sectors a track, as the BIOS has them; of a floppy ES:DI, too
        int 0x13
        jc failed
        and cx, 63
        jz failed

        pop dx
        mov ax, 0x0201          ; one sector: cylinder 0, head 0, sector 1
        mov cx, 0x0001
        mov dh, 0
        mov bx, 0x8000
        mov es, [zero]
        int 0x13
        jc failed
        mov si, 0x7c00
        mov di, 0x8000
        mov cx, text_end - 0x7c00
        repe cmpsb
        jne failed

        mov si, 0x8000 + text - 0x7c00
        call say
        mov al, 0x10
        jmp leave
failed: mov al, 0x11
leave:  out 0xf4, al
        hlt
        jmp leave

say:    lodsb
        test al, al
        jz done
        call put
        jmp say
done:   ret

put:    push ax
        mov dx, 0x3fd
full:   in al, dx
        test al, 0x20
        jz full
        pop ax
        mov dx, 0x3f8
        out dx, al
        ret

zero:   dw 0
text:   db 'read from itself', 10, 0
text_end:

        times 510 - ($ - $$) db 0
        dw 0xaa55
