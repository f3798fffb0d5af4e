// Page faults, and forks of a process that has touched much.
// man 2 mmap, fork.
#include <sys/mman.h>
#include "row.h"

#define MIB (1 << 20)
enum { PAGE = 4096, REGION = 16 * MIB, PAGES = REGION / PAGE };

static char *map(size_t bytes) {
  char *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

static void touch(char *at, size_t bytes) {
  for (size_t i = 0; i < bytes; i += PAGE) *(volatile char *)(at + i) = 1;
}

static void touch_fresh(int rounds) {
  for (int i = 0; i < rounds; i++) {
    char *at = map(REGION);
    touch(at, REGION);
    munmap(at, REGION);
  }
}

/** `count` first writes to pages. */
static void write_faults(int count, char **arguments) {
  touch_fresh(2);
  moment("run");
  touch_fresh(count / PAGES);
  moment("end");
}

static void fork_touching(char *at, size_t bytes, int rounds) {
  for (int i = 0; i < rounds; i++) {
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
      touch(at, bytes);
      _exit(0);
    }
    reap(pid);
  }
}

/** `count` first writes of children to pages that are their parent's too. */
static void copy_faults(int count, char **arguments) {
  char *at = map(REGION);
  touch(at, REGION);
  fork_touching(at, REGION, 2);
  moment("run");
  fork_touching(at, REGION, count / PAGES);
  moment("end");
}

/** `count` forks of a process of as many MiB as the argument says, whose children end. */
static void forks(int count, char **arguments) {
  size_t bytes = (size_t)atoi(arguments[0]) * MIB;
  touch(map(bytes), bytes);
  char *nothing = map(PAGE);
  fork_touching(nothing, 0, count / 10 + 1);
  moment("run");
  fork_touching(nothing, 0, count);
  moment("end");
}

const struct row rows[] = {{"write-fault", write_faults}, {"copy-fault", copy_faults}, {"fork", forks}, {0}};
