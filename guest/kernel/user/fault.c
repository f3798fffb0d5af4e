// Touches pages that are not there, gives them back, and touches them again.
// Intel SDM vol. 3A 4.7 (page-fault exceptions), 6.15 (a fault restarts its instruction).
#include "../frames.h"
#include "../mix.h"
#include "../paging.h"
#include "call.h"
#include "programs.h"

// Even pages are read before they are written: two faults. Odd pages are written first: one.
void user_fault(uint32_t rounds) {
  uint32_t sum = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    for (uint32_t page = 0; page < USER_FAULT_PAGES; page++) {
      volatile uint32_t *word = (volatile uint32_t *)(USER_DEMAND + page * PAGE_SIZE + (page * 52 & 0xFFC));
      if (page % 2 == 0) sum = mix(sum, word[0]);
      word[0] = round * USER_FAULT_PAGES + page + 1;
      sum = mix(sum, word[0]);
    }
    call_int80(SYS_UNMAP, USER_DEMAND, USER_FAULT_PAGES);
  }
  exit_with(sum);
}

void user_fault_kernel(uint32_t address) {
  *(volatile uint32_t *)address = 0;
  exit_with(0);
}
