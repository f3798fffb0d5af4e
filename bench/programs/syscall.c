// The shortest system call, again and again.
// man 2 getppid.
#include "program.h"

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  u32 rounds = scaled(600000), sum = 0;
  long parent = sys(SYS_GETPPID, 0, 0, 0);
  begin();
  for (u32 round = 0; round < rounds; round++) sum = mix(sum, sys(SYS_GETPPID, 0, 0, 0) == parent ? round : 0);
  result(sum);
}
