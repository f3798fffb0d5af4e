// Tools that use what limits are set on: the processor, memory, processes.
#include "../tool.h"

static long microseconds(int clock) {
  struct timespec now;
  call(clock_gettime, clock, &now);
  return now.seconds * 1000000 + now.nanoseconds / 1000;
}

TOOL(spin) {
  long seconds = 5;
  if (count > 1 || (count && !number(words[0], 10, &seconds)) || seconds < 1 || seconds > 1000) return usage();
  for (long i = 0; i < seconds; i++) {
    long wall = microseconds(1), mine = microseconds(2), passed;
    while ((passed = microseconds(1) - wall) < 1000000)
      for (volatile int k = 0; k < 100000; k++) {}
    print("%d%% of the processor\n", (int)((microseconds(2) - mine) / (passed / 100)));
    flush();
  }
  return 0;
}

TOOL(eat) {
  long mebibytes;
  if (count != 1 || !number(words[0], 10, &mebibytes) || mebibytes < 1) return usage();
  for (long i = 1; i <= mebibytes; i++) {
    char *at = allocate(1 << 20);
    for (int page = 0; page < 1 << 20; page += 4096) at[page] = 1;
    print("%d MiB\n", (int)i);
    flush();
  }
  call(pause);
  return 0;
}

TOOL(forks) {
  long wanted;
  if (count != 1 || !number(words[0], 10, &wanted)) return usage();
  for (long i = 1; i <= wanted; i++) {
    long child = call(fork);
    if (child < 0) {
      complain("%s: after %d: %s\n", tool, (int)(i - 1), error_text(child));
      return 1;
    }
    if (!child) {
      call(pause);
      call(exit_group, 0);
    }
  }
  print("%d\n", (int)wanted);
  return 0;
}
