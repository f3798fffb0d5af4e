// A small printf to the serial console.
// ISO C 7.21.6.1, the part of it that this kernel uses.
#include "print.h"
#include <stdarg.h>
#include <stdint.h>
#include "uart.h"

static void put(char c) {
  if (c == '\n') uart_write('\r');
  uart_write((uint8_t)c);
}

static void put_number(uint32_t value, uint32_t base, uint32_t width) {
  char digits[32];
  uint32_t n = 0;
  do {
    digits[n++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value);
  while (n < width && n < sizeof digits) digits[n++] = '0';
  while (n) put(digits[--n]);
}

void print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  for (; *format; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    uint32_t width = 0;
    while (*++format >= '0' && *format <= '9') width = width * 10 + (uint32_t)(*format - '0');
    switch (*format) {
      case 's':
        for (const char *s = va_arg(arguments, const char *); *s; s++) put(*s);
        break;
      case 'c': put((char)va_arg(arguments, int)); break;
      case 'u': put_number(va_arg(arguments, uint32_t), 10, width); break;
      case 'x': put_number(va_arg(arguments, uint32_t), 16, width); break;
      case '%': put('%'); break;
    }
  }
  va_end(arguments);
}
