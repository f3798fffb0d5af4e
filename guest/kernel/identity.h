// What machine this is, in words: see identity.c.
#pragma once

void print_banner(void);
void print_cpu(void);
void print_registers(void);
void print_disk(void);
void print_network(void);
