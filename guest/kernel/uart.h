// Bytes in and out of the serial console: see uart.c.
#pragma once
#include <stdint.h>

void uart_init(void);
void uart_listen(void);
void uart_write(uint8_t byte);
// Waits, halted, for a byte.
uint8_t uart_read(void);
