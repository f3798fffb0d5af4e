// The interrupt controllers: see pic.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

void pic_init(void);
void pic_unmask(uint8_t irq);
bool pic_spurious(uint8_t irq);
// True when the line has asked and the processor has not answered yet.
bool pic_requested(uint8_t irq);
void pic_end_of_interrupt(uint8_t irq);
