// The step of every checksum, and the numbers that the workloads chew on.
// Rotate, xor and multiply as in FNV and MurmurHash3's finaliser; xorshift32 from Marsaglia 2003.
#pragma once
#include <stdint.h>

static inline uint32_t mix(uint32_t sum, uint32_t value) {
  sum ^= value;
  return (sum << 5 | sum >> 27) * 0x9E3779B1u;
}

static inline uint32_t xorshift(uint32_t *state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}
