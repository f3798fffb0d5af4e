// What runs in ring 3; each never returns.
#pragma once
#include <stdint.h>

void user_call_int80(uint32_t count);
void user_call_sysenter(uint32_t count);
void user_switch(uint32_t count);
void user_fault(uint32_t rounds);
void user_fault_kernel(uint32_t address);

#define USER_FAULT_PAGES 64u
