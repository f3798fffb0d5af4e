// Blocks of memory moved by REP MOVS and filled by REP STOS.
// Ours.
#include "program.h"

enum { SIZE = 1 << 20, BLOCK = 16384 };

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u8 *from = pages(SIZE, PROT_READ | PROT_WRITE), *to = pages(SIZE + 64, PROT_READ | PROT_WRITE);
  u32 seed = 0x3e3, rounds = scaled(6000), sum = 0;
  for (u32 i = 0; i < SIZE; i++) from[i] = next_random(&seed);
  begin();
  for (u32 round = 0; round < rounds; round++) {
    for (u32 at = 0; at < SIZE; at += BLOCK) {
      void *di = to + at + (round & 15), *si = from + at;
      u32 words = BLOCK / 4;
      __asm__ volatile("rep movsl" : "+D"(di), "+S"(si), "+c"(words) : : "memory");
    }
    u32 words = BLOCK / 4;
    void *di = from + (round * BLOCK) % SIZE;
    __asm__ volatile("rep stosl" : "+D"(di), "+c"(words) : "a"(round) : "memory");
    sum = mix(sum, *(u32 *)(to + (round * 4093 & (SIZE - 1)  & ~3u)));
  }
  result(sum);
}
