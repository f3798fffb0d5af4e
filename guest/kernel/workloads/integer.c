// Arithmetic, branches and calls in registers and first-level caches.
// Algorithms: Eratosthenes; CRC-32 as in ISO 3309; Shell 1959; Collatz; Euclid; Fibonacci.
#include "../memory.h"
#include "../mix.h"
#include "workload.h"

#define SIEVE 200000u
#define BYTES 65536u
#define SORTED 8192u
#define COLLATZ 5000u
#define PAIRS 12000u
#define FIBONACCI 26u

static uint32_t sieve(void) {
  uint32_t primes = 0;
  memset(arena, 1, SIEVE);
  for (uint32_t i = 2; i < SIEVE; i++) {
    if (!arena[i]) continue;
    primes++;
    for (uint32_t j = 2 * i; j < SIEVE; j += i) arena[j] = 0;
  }
  return primes;
}

static uint32_t crc32(uint32_t seed) {
  static uint32_t table[256];
  for (uint32_t i = 0; i < 256; i++) {
    table[i] = i;
    for (int bit = 0; bit < 8; bit++) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320u : 0);
  }
  for (uint32_t i = 0; i < BYTES; i++) arena[i] = (uint8_t)xorshift(&seed);
  uint32_t crc = 0xFFFFFFFF;
  for (uint32_t i = 0; i < BYTES; i++) crc = crc >> 8 ^ table[(crc ^ arena[i]) & 0xFF];
  return ~crc;
}

static uint32_t shell_sort(uint32_t seed) {
  int32_t *numbers = (int32_t *)arena;
  for (uint32_t i = 0; i < SORTED; i++) numbers[i] = (int32_t)xorshift(&seed);
  for (uint32_t gap = SORTED / 2; gap; gap /= 2) {
    for (uint32_t i = gap; i < SORTED; i++) {
      int32_t number = numbers[i];
      uint32_t j = i;
      for (; j >= gap && numbers[j - gap] > number; j -= gap) numbers[j] = numbers[j - gap];
      numbers[j] = number;
    }
  }
  uint32_t sum = 0;
  for (uint32_t i = 0; i < SORTED; i += 64) sum = mix(sum, (uint32_t)numbers[i]);
  return sum;
}

static uint32_t collatz(void) {
  uint32_t steps = 0;
  for (uint32_t start = 1; start <= COLLATZ; start++)
    for (uint32_t n = start; n != 1; steps++) n = n & 1 ? 3 * n + 1 : n / 2;
  return steps;
}

// Unsigned and signed division, and the high half of a product.
static uint32_t divisions(uint32_t seed) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < PAIRS; i++) {
    uint32_t a = xorshift(&seed), b = xorshift(&seed) >> 16 | 1;
    sum = mix(sum, (uint32_t)((uint64_t)a * b >> 32));
    sum = mix(sum, (uint32_t)((int32_t)a / (int32_t)b));
    while (b) {
      uint32_t remainder = a % b;
      a = b;
      b = remainder;
    }
    sum = mix(sum, a);
  }
  return sum;
}

static uint32_t __attribute__((noinline)) fibonacci(uint32_t n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

void integer(uint32_t scale, struct report *report) {
  uint32_t sum = 0;
  for (uint32_t round = 1; round <= scale; round++) {
    sum = mix(sum, sieve());
    sum = mix(sum, crc32(round));
    sum = mix(sum, shell_sort(round));
    sum = mix(sum, collatz());
    sum = mix(sum, divisions(round));
    sum = mix(sum, fibonacci(FIBONACCI));
  }
  report->checksum = sum;
  report_count(report, "ops", scale);
}
