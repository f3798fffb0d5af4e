// The three functions that gcc may call of its own accord.
// GCC manual 2.1 ("Language Standards Supported by GCC": freestanding environments).
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t n) {
  void *start = to;
  size_t words = n / 4, bytes = n % 4;
  __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words)::"memory");
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
  return start;
}

void *memset(void *to, int value, size_t n) {
  void *start = to;
  size_t words = n / 4, bytes = n % 4;
  uint32_t pattern = (value & 0xFF) * 0x01010101u;
  __asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(pattern) : "memory");
  return start;
}

int memcmp(const void *a, const void *b, size_t n) {
  const uint8_t *x = a, *y = b;
  for (; n; n--, x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}
