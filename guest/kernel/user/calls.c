// Null system calls by both ways in.
// Intel SDM vol. 2 (INT n, SYSENTER).
#include "../mix.h"
#include "call.h"
#include "programs.h"

void user_call_int80(uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count; i++) sum = mix(sum, call_int80(SYS_NULL, i, 0));
  exit_with(sum);
}

void user_call_sysenter(uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < count; i++) sum = mix(sum, call_sysenter(SYS_NULL, i, 0));
  exit_with(sum);
}
