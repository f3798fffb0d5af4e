// Recursive calls: call, return, push and pop.
// Ours.
#include "program.h"

static u32 __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls"))) fib(u32 n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u32 rounds = scaled(60), sum = 0;
  begin();
  for (u32 round = 0; round < rounds; round++) sum = mix(sum, fib(24 + (round & 3)));
  result(sum);
}
