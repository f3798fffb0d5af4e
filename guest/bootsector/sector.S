/* A boot sector: speaks on the screen and COM1, reads sector 1, visits protected mode, powers off.
   IBM PC BIOS interface (INT 10h, INT 13h); EDD-3 (INT 13h AH=42h); Intel SDM vol. 3A 9.9 (switching modes). */

#define COM1 0x3F8
#define COM1_LSR 0x3FD
#define THR_EMPTY 0x20
#define DEBUG_EXIT 0xF4
#define PM1A_CONTROL 0x604
#define SLP_EN 0x2000
#define BUFFER 0x8000
#define SECTOR 512
#define ABOVE_1M 0x200000
#define PATTERN 0x600DF00D

  .code16
  .text
  .globl start
start:
  cli
  ljmp $0, $1f
1:
  xorw %ax, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  movw $start, %sp
  sti
  cld
  movb %dl, drive

  movw $hello, %si
  call say

  movb $0x42, %ah
  movb drive, %dl
  movw $packet, %si
  int $0x13
  movw $disk_error, %si
  jc last_words
  movb $0, BUFFER + SECTOR - 1
  movw $BUFFER, %si
  call say

  cli
  lgdtl gdt_pointer
  movl %cr0, %eax
  orb $1, %al
  movl %eax, %cr0
  ljmpl $8, $protected

  .code32
protected:
  movw $16, %ax
  movw %ax, %ds
  movl $PATTERN, ABOVE_1M
  movl ABOVE_1M, %ebx
  ljmp $24, $leaving /* a 16-bit code segment: the way back asks for one */

  .code16
leaving:
  movw $32, %ax
  movw %ax, %ds
  movl %cr0, %eax
  andb $0xFE, %al
  movl %eax, %cr0
  ljmp $0, $real
real:
  xorw %ax, %ax
  movw %ax, %ds
  sti

  movw $protected_error, %si
  cmpl $PATTERN, %ebx
  jne last_words
  movw $done, %si
last_words:
  call say

  movb $0x10, %al
  outb %al, $DEBUG_EXIT /* nothing happens where there is none */
  movw $PM1A_CONTROL, %dx
  movw $SLP_EN, %ax
  outw %ax, %dx
  cli
1:
  hlt
  jmp 1b

/* Writes the text at DS:SI to the screen and to COM1. */
say:
  lodsb
  testb %al, %al
  jz 2f
  movb $0x0E, %ah
  movw $0x0007, %bx
  pushw %ax
  int $0x10
  movw $COM1_LSR, %dx
  xorw %cx, %cx
1:
  inb %dx, %al
  testb $THR_EMPTY, %al
  loopz 1b /* 65536 times at most */
  popw %ax
  movw $COM1, %dx
  outb %al, %dx
  jmp say
2:
  ret

hello: .asciz "BOOTSECTOR real mode\r\n"
disk_error: .asciz "BOOTSECTOR disk error\r\n"
protected_error: .asciz "BOOTSECTOR protected mode failed\r\n"
done: .asciz "BOOTSECTOR protected mode and back\r\n"

  .align 4
packet: /* the disk address packet: one sector, at 0000:BUFFER, from LBA 1 */
  .byte 16, 0
  .word 1, BUFFER, 0
  .quad 1

  .align 8
gdt:
  .quad 0
  .quad 0x00CF9A000000FFFF /* 8: code, 32 bits, 4 GiB */
  .quad 0x00CF92000000FFFF /* 16: data, 4 GiB */
  .quad 0x00009A000000FFFF /* 24: code, 16 bits, 64 KiB */
  .quad 0x000092000000FFFF /* 32: data, 64 KiB */
gdt_pointer:
  .word gdt_pointer - gdt - 1
  .long gdt

drive: .byte 0

  .org 510
  .word 0xAA55

  .section .note.GNU-stack, "", @progbits
