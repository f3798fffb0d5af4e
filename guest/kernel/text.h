// Words and numbers out of a line of text: see text.c.
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool text_equals(const char *a, const char *b);
// The rest of the text after the prefix, or null.
const char *text_after(const char *text, const char *prefix);
// Copies the next word (up to a separator or a space) into `word`, cut to `size`; false at the end.
bool text_next_word(const char **text, char separator, char *word, uint32_t size);
// Decimal, or hexadecimal after 0x; false if it is no number or does not fit 32 bits.
bool text_number(const char *text, uint32_t *value);
