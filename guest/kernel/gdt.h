// The segments and the task-state segment: see gdt.c.
#pragma once
#include <stdint.h>

void gdt_init(void);
// The ring-0 stack on which the next entry from ring 3 lands.
void gdt_set_kernel_stack(uint32_t top);
// Where that stack pointer is kept: SYSENTER's entry loads ESP through it.
uint32_t gdt_kernel_stack_slot(void);
