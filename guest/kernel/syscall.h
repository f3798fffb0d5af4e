// System calls: number in EAX, arguments in EBX, ESI, EDI, result in EAX.
// By int 0x80, or by SYSENTER with ECX = the caller's ESP and EDX = the EIP to return to.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define SYS_NULL 0  // returns its argument, turned left by 7
#define SYS_EXIT 1  // result
#define SYS_YIELD 2
#define SYS_UNMAP 3 // address, pages: gives back pages of the demand region

struct trap_frame;

void syscall_init(void);
bool syscall_has_sysenter(void);
uint32_t syscall(struct trap_frame *frame);
