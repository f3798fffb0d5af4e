; A boot sector: reads the next sector by INT 13h, sends its text to COM1, counts memory by INT 15h E820, leaves by port F4h.
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

        mov ax, 0x0201          ; one sector: cylinder 0, head 0, sector 2
        mov cx, 0x0002
        mov dh, 0
        mov bx, 0x8000
        int 0x13
        jc failed
        mov si, 0x8000
        call say

        xor ebx, ebx            ; the memory map has usable memory above 1 MiB
        mov di, 0x9000
next:   mov eax, 0xe820
        mov edx, 0x534d4150     ; SMAP
        mov ecx, 20
        int 0x15
        jc failed
        cmp eax, 0x534d4150
        jne failed
        cmp dword [di], 0x100000
        je above
        test ebx, ebx
        jnz next
        jmp failed
above:  cmp dword [di + 16], 1  ; usable
        jne failed
        mov eax, [di + 8]
        call hex

        mov si, ticks           ; the timer interrupt runs: wait for two ticks of 18.2 Hz
        call say
        mov ah, 0
        int 0x1a
        mov bx, dx
wait2:  hlt
        mov ah, 0
        int 0x1a
        sub dx, bx
        cmp dx, 2
        jb wait2

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

hex:    mov cx, 8
digit:  rol eax, 4
        push eax
        and al, 15
        add al, '0'
        cmp al, '9'
        jbe print
        add al, 'a' - '0' - 10
print:  call put
        pop eax
        loop digit
        ret

put:    push dx
        push ax
        mov dx, 0x3fd
full:   in al, dx
        test al, 0x20
        jz full
        pop ax
        mov dx, 0x3f8
        out dx, al
        pop dx
        ret

ticks:  db ' ticks', 10, 0

        times 510 - ($ - $$) db 0
        dw 0xaa55
