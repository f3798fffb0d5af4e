// Programs that start, and processes that take turns.
// man 2 execve, pipe.
#include "row.h"

enum { PAGE = 4096, TOUCHED = 16 };

static void start(char **arguments) {
  pid_t pid = vfork();
  if (pid < 0) die("vfork");
  if (pid == 0) {
    execv(arguments[0], arguments);
    _exit(127);
  }
  reap(pid);
}

static void start_forked(char **arguments, int count) {
  for (int i = 0; i < count; i++) {
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
      execv(arguments[0], arguments);
      _exit(127);
    }
    reap(pid);
  }
}

static void exec(int count, char **arguments) {
  start_forked(arguments, count / 10 + 1);
  moment("run");
  start_forked(arguments, count);
  moment("end");
}

/** The first start of a program, and `count` later ones. */
static void starts(int count, char **arguments) {
  moment("first");
  start(arguments);
  moment("between");
  for (int i = 0; i < 3; i++) start(arguments);
  moment("run");
  for (int i = 0; i < count; i++) start(arguments);
  moment("end");
}

static char pages[TOUCHED * PAGE];

static void turns(int from, int to, int count) {
  char byte = 0;
  for (int i = 0; i < count; i++) {
    if (read(from, &byte, 1) != 1) die("read");
    for (int at = 0; at < TOUCHED; at++) ((volatile char *)pages)[at * PAGE]++;
    if (write(to, &byte, 1) != 1) die("write");
  }
}

/** Two processes pass a byte on, and write to 16 pages each time that they have it: 2 * `count` switches. */
static void switches(int count, char **arguments) {
  int there[2], back[2];
  if (pipe(there) || pipe(back)) die("pipe");
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    turns(there[0], back[1], count / 10 + count);
    _exit(0);
  }
  if (write(back[1], "", 1) != 1) die("write");
  turns(back[0], there[1], count / 10);
  moment("run");
  turns(back[0], there[1], count);
  reap(pid);
  moment("end");
}

const struct row rows[] = {{"exec", exec}, {"starts", starts}, {"switch", switches}, {0}};
