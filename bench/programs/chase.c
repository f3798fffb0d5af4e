// A random walk through 8 MiB, each address loaded from the last: caches, the host's TLB and the engine's.
// Sattolo's shuffle makes one cycle.
#include "program.h"

enum { COUNT = 1 << 21 };

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u32 *next = pages(COUNT * sizeof(u32), PROT_READ | PROT_WRITE);
  for (u32 i = 0; i < COUNT; i++) next[i] = i;
  u32 seed = 0xc4a5e;
  for (u32 i = COUNT - 1; i > 0; i--) {
    u32 j = next_random(&seed) % i, t = next[i];
    next[i] = next[j];
    next[j] = t;
  }
  u32 steps = scaled(12000000), at = 0, sum = 0;
  begin();
  for (u32 step = 0; step < steps; step++) {
    at = next[at];
    sum += at ^ step;
  }
  result(mix(sum, at));
}
