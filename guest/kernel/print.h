// Formatted output on the console: see print.c.
#pragma once

// %s %c %u %x %% and a zero-padded width (%08x); \n becomes CR LF.
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
