// CRC-32 by a table: a load whose address depends on the load before.
// ISO 3309 (reflected polynomial 0xEDB88320).
#include "program.h"

enum { SIZE = 1 << 16 };

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  static u32 table[256];
  for (u32 i = 0; i < 256; i++) {
    u32 value = i;
    for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? 0xedb88320 : 0);
    table[i] = value;
  }
  static u8 data[SIZE];
  u32 seed = 0xc4c;
  for (u32 i = 0; i < SIZE; i++) data[i] = next_random(&seed);
  u32 rounds = scaled(1200), crc = ~0u;
  begin();
  for (u32 round = 0; round < rounds; round++) {
    for (u32 i = 0; i < SIZE; i++) crc = table[(u8)(crc ^ data[i])] ^ crc >> 8;
  }
  result(~crc);
}
