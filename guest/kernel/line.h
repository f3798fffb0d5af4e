// A line from the console: see line.c.
#pragma once
#include <stdint.h>

// Reads and echoes one line; backspace, ^U, ^C and the arrow up (the last line) edit it.
void line_read(char *line, uint32_t size);
