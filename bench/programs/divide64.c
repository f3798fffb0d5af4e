// 64-bit division in 32-bit code: DIV, MUL, ADC and the compiler's own routine.
// Ours.
#include "program.h"

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u32 rounds = scaled(4000000), sum = 0, seed = 0xd1f;
  u64 value = 0x123456789abcdef;
  begin();
  for (u32 round = 0; round < rounds; round++) {
    u64 divisor = ((u64)(next_random(&seed) >> (round & 15)) << (round & 31)) | 1;
    u64 quotient = value / divisor;
    sum = mix(sum, quotient ^ quotient >> 32);
    value = value * 6364136223846793005u + (value - quotient * divisor) + 1442695040888963407u;
  }
  result(sum);
}
