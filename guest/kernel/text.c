// Parsing for the kernel command line and the monitor.
// No outside source: guest/README.md has the grammar.
#include "text.h"

bool text_equals(const char *a, const char *b) {
  const char *rest = text_after(a, b);
  return rest && !*rest;
}

const char *text_after(const char *text, const char *prefix) {
  while (*prefix)
    if (*text++ != *prefix++) return 0;
  return text;
}

bool text_next_word(const char **text, char separator, char *word, uint32_t size) {
  const char *p = *text;
  while (*p == ' ' || *p == separator) p++;
  uint32_t n = 0;
  for (; *p && *p != ' ' && *p != separator; p++)
    if (n + 1 < size) word[n++] = *p;
  word[n] = 0;
  *text = p;
  return n != 0;
}

static uint32_t digit(char c) {
  if (c >= '0' && c <= '9') return (uint32_t)(c - '0');
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10) : 99;
}

bool text_number(const char *text, uint32_t *value) {
  const char *hexadecimal = text_after(text, "0x");
  uint32_t base = hexadecimal ? 16 : 10;
  if (hexadecimal) text = hexadecimal;
  if (!*text) return false;
  uint32_t n = 0;
  for (; *text; text++) {
    uint32_t d = digit(*text);
    if (d >= base || n > (0xFFFFFFFF - d) / base) return false;
    n = n * base + d;
  }
  *value = n;
  return true;
}
