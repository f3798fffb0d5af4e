// A loop that changes an immediate operand of the function that it calls next.
// SDM volume 3A section 12.6.
#include "program.h"

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u8 *code = pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  // movl 4(%esp), %eax; addl $imm32, %eax; roll $3, %eax; xorl $imm32, %eax; ret
  static const u8 template[] = {0x8b, 0x44, 0x24, 4, 0x05, 0, 0, 0, 0, 0xc1, 0xc0, 3, 0x35, 0, 0, 0, 0, 0xc3};
  for (u32 i = 0; i < sizeof template; i++) code[i] = template[i];
  u32 (*function)(u32) = (u32 (*)(u32))(u32)code;
  u32 rounds = scaled(600000), value = 1, seed = 0x5e1f;
  begin();
  for (u32 round = 0; round < rounds; round++) {
    *(volatile u32 *)(code + 5) = next_random(&seed);
    if ((round & 3) == 0) *(volatile u32 *)(code + 13) = value;
    value = function(value);
  }
  result(value);
}
