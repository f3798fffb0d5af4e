// Memory beyond the caches: string instructions, word loops, byte loops and a chain of dependent loads.
// Intel SDM vol. 1 7.3.9 (string operations).
#include "../memory.h"
#include "../mix.h"
#include "workload.h"

#define HALF (ARENA_SIZE / 2)
#define HALF_WORDS (HALF / 4)
#define NODES 65536u // of 16 bytes
#define STEPS 300000u
#define ROUNDS 2u

// Plain loops must stay loops.
#define NO_IDIOM __attribute__((noinline, optimize("no-tree-loop-distribute-patterns")))

static NO_IDIOM void fill_words(uint32_t *to, uint32_t value, uint32_t words) {
  for (uint32_t i = 0; i < words; i++) to[i] = value + i;
}

static NO_IDIOM void copy_words(uint32_t *to, const uint32_t *from, uint32_t words) {
  for (uint32_t i = 0; i < words; i++) to[i] = from[i];
}

static NO_IDIOM void copy_bytes_down(uint8_t *to, const uint8_t *from, uint32_t bytes) {
  while (bytes--) to[bytes] = from[bytes];
}

static void string_fill(void *to, uint32_t value, uint32_t words) {
  __asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(value) : "memory");
}

static void string_copy(void *to, const void *from, uint32_t words) {
  __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words)::"memory");
}

static uint32_t sum_words(const uint32_t *words, uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count; i++) sum += words[i] ^ i;
  return sum;
}

// A full-period linear congruence visits every node once before it comes round.
static uint32_t chase(void) {
  uint32_t(*nodes)[4] = (uint32_t(*)[4])arena;
  for (uint32_t i = 0; i < NODES; i++) {
    nodes[i][0] = (uint32_t)nodes[(i * 0x6255u + 0x3619u) % NODES];
    nodes[i][1] = i;
  }
  uint32_t sum = 0;
  const uint32_t *node = nodes[0];
  for (uint32_t i = 0; i < STEPS; i++) {
    sum += node[1] ^ i;
    node = (const uint32_t *)node[0];
  }
  return sum;
}

void memory(uint32_t scale, struct report *report) {
  uint32_t *low = (uint32_t *)arena, *high = (uint32_t *)(arena + HALF), sum = 0;
  for (uint32_t round = 1; round <= scale * ROUNDS; round++) {
    fill_words(low, round * 0x01000193u, HALF_WORDS);
    string_fill(high, round, HALF_WORDS);
    copy_words(high, low + 1, HALF_WORDS / 2);
    string_copy(high + HALF_WORDS / 2, low, HALF_WORDS / 2);
    copy_bytes_down((uint8_t *)low + 3, (uint8_t *)low, HALF / 8);
    sum = mix(sum, sum_words(low, HALF_WORDS));
    sum = mix(sum, sum_words(high, HALF_WORDS));
    sum = mix(sum, chase());
  }
  report->checksum = sum;
  report_count(report, "ops", scale * ROUNDS);
}
