// Quicksort of random numbers: branches that go either way.
// Hoare, "Quicksort", 1962.
#include "program.h"

enum { SIZE = 1 << 16 };

static void __attribute__((noinline)) sort(u32 *low, u32 *high) {
  while (low < high) {
    u32 pivot = low[(high - low) / 2], *i = low, *j = high;
    while (i <= j) {
      while (*i < pivot) i++;
      while (*j > pivot) j--;
      if (i > j) break;
      u32 t = *i;
      *i++ = *j;
      *j-- = t;
    }
    if (j - low < high - i) {
      sort(low, j);
      low = i;
    } else {
      sort(i, high);
      high = j;
    }
  }
}

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  static u32 values[SIZE];
  u32 rounds = scaled(40), sum = 0, seed = 0x50f7;
  begin();
  for (u32 round = 0; round < rounds; round++) {
    for (u32 i = 0; i < SIZE; i++) values[i] = next_random(&seed);
    sort(values, values + SIZE - 1);
    for (u32 i = 0; i < SIZE; i += 64) sum = mix(sum, values[i]);
  }
  result(sum);
}
