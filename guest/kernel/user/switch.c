// One of two tasks that hand the processor to each other.
// Intel SDM vol. 3A 4.10.4.1 (a new CR3: the same address is now other memory).
#include "../mix.h"
#include "../paging.h"
#include "call.h"
#include "programs.h"

void user_switch(uint32_t count) {
  volatile uint32_t *own = (volatile uint32_t *)USER_DATA;
  for (uint32_t i = 0; i < count; i++) {
    *own = mix(*own, i);
    call_int80(SYS_YIELD, 0, 0);
  }
  exit_with(*own);
}
