// Writes new machine code into a buffer and runs it a hundred times, as a just-in-time compiler does.
// SDM volume 2 (opcodes).
#include "program.h"

enum { SIZE = 8192, OPERATIONS = 200, RUNS = 100 };

static u8 *emit32(u8 *at, u8 opcode, u32 value) {
  *at++ = opcode;
  for (int i = 0; i < 4; i++) *at++ = value >> 8 * i;
  return at;
}

static void generate(u8 *at, u32 *seed) {
  *at++ = 0x8b, *at++ = 0x44, *at++ = 0x24, *at++ = 4; // movl 4(%esp), %eax
  for (int i = 0; i < OPERATIONS; i++) {
    u32 random = next_random(seed);
    switch (random & 7) {
      case 0: at = emit32(at, 0x05, random); break; // addl
      case 1: at = emit32(at, 0x35, random); break; // xorl
      case 2: at = emit32(at, 0x2d, random); break; // subl
      case 3: *at++ = 0xc1, *at++ = 0xc0, *at++ = random >> 8 & 31; break; // roll
      case 4: *at++ = 0x0f, *at++ = 0xc8; break; // bswapl
      case 5: *at++ = 0x69, at = emit32(at, 0xc0, random | 1); break; // imull
      case 6: *at++ = 0xf7, *at++ = 0xd0; break; // notl
      case 7: *at++ = 0x89, *at++ = 0xc1, *at++ = 0xc1, *at++ = 0xe9, *at++ = 7, *at++ = 0x31, *at++ = 0xc8; break; // eax ^= eax >> 7
    }
  }
  *at = 0xc3;
}

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u8 *code = pages(SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
  u32 (*volatile function)(u32) = (u32 (*)(u32))(u32)code;
  u32 rounds = scaled(12000), value = 1, seed = 0xc0de;
  begin();
  for (u32 round = 0; round < rounds; round++) {
    generate(code, &seed);
    for (int run = 0; run < RUNS; run++) value = function(value) + run;
  }
  result(value);
}
