// Time: see clock.c.
#pragma once
#include <stdint.h>

#define CLOCK_HZ 100

void clock_init(void);
// Timer interrupts since boot; touches no port.
uint32_t clock_interrupts(void);
// Milliseconds since boot.
uint32_t clock_milliseconds(void);
