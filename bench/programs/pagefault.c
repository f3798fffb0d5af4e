// Pages mapped, touched for the first time, unmapped.
// man 2 mmap.
#include "program.h"

enum { SIZE = 1 << 20, PAGE = 4096 };

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u32 rounds = scaled(150), sum = 0;
  begin();
  for (u32 round = 0; round < rounds; round++) {
    u8 *at = pages(SIZE, PROT_READ | PROT_WRITE);
    for (u32 i = 0; i < SIZE; i += PAGE) sum = mix(sum, at[i] += i / PAGE + round);
    unmap(at, SIZE);
  }
  result(sum);
}
