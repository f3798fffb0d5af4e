// A child is forked, runs this file anew, and ends: address spaces made, copied on write, thrown away.
// man 2 fork, execve, waitpid.
#include "program.h"

void program(int count, char **arguments) {
  if (count > 2) sys(SYS_EXIT, arguments[2][0], 0, 0);
  u32 rounds = scaled(400), sum = 0;
  begin();
  for (u32 round = 0; round < rounds; round++) {
    long child = sys(SYS_FORK, 0, 0, 0);
    if (child < 0) failed("fork");
    if (child == 0) {
      char status[] = {1 + round % 100, 0};
      char *again[] = {arguments[0], "1", status, NULL};
      sys(SYS_EXECVE, (long)arguments[0], (long)again, (long)(again + 3));
      failed("execve");
    }
    int status = 0;
    if (sys(SYS_WAITPID, child, (long)&status, 0) != child) failed("waitpid");
    sum = mix(sum, status);
  }
  result(sum);
}
