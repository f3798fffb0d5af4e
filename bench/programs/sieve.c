// Sieve of Eratosthenes over bytes: short loops, stores with a stride.
// Ours.
#include "program.h"

enum { SIZE = 1 << 18 };

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u8 *composite = pages(SIZE, PROT_READ | PROT_WRITE);
  u32 rounds = scaled(128), sum = 0;
  begin();
  for (u32 round = 0; round < rounds; round++) {
    for (u32 i = 0; i < SIZE; i++) composite[i] = 0;
    for (u32 i = 2; i * i < SIZE; i++) {
      if (composite[i]) continue;
      for (u32 j = i * i; j < SIZE; j += i) composite[j] = 1;
    }
    for (u32 i = 2; i < SIZE; i++) sum += composite[i] ? 0 : i;
    sum = mix(sum, round);
  }
  result(sum);
}
