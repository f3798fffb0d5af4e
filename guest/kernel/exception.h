// The end of the road: see exception.c.
#pragma once
#include <stdint.h>

// Says why and stops for good, interrupts off.
_Noreturn void panic(const char *reason);
_Noreturn void stop(void);
void print_control_registers(void);
