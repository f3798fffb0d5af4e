// Two processes pass a byte to and fro through pipes: system calls and context switches.
// man 2 pipe.
#include "program.h"

void program(int count, char **arguments) {
  (void)count, (void)arguments;
  int there[2], back[2];
  if (sys(SYS_PIPE, (long)there, 0, 0) || sys(SYS_PIPE, (long)back, 0, 0)) failed("pipe");
  u32 rounds = scaled(15000), sum = 0;
  u8 byte = 1;
  begin();
  long child = sys(SYS_FORK, 0, 0, 0);
  if (child < 0) failed("fork");
  if (child == 0) {
    for (u32 round = 0; round < rounds; round++) {
      if (sys(SYS_READ, there[0], (long)&byte, 1) != 1) break;
      byte = byte * 5 + 1;
      if (sys(SYS_WRITE, back[1], (long)&byte, 1) != 1) break;
    }
    for (;;) sys(SYS_EXIT, 0, 0, 0);
  }
  for (u32 round = 0; round < rounds; round++) {
    if (sys(SYS_WRITE, there[1], (long)&byte, 1) != 1) failed("write");
    if (sys(SYS_READ, back[0], (long)&byte, 1) != 1) failed("read");
    sum = mix(sum, byte);
  }
  int status = 0;
  sys(SYS_WAITPID, child, (long)&status, 0);
  result(sum);
}
