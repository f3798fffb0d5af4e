// What a child is for: to try something there, and to hear how it ended. man 2 wait.
#pragma once
#include "show.h"
#include <sys/wait.h>

// Its status, or 1000 and the signal that has ended it; -1: there is no such child.
static int code(int child) {
  int status;
  if (child < 0) return -1;
  waitpid(child, &status, __WALL);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
#define in_child(expression) ({ \
  fflush(stdout); \
  int child_ = fork(); \
  if (child_ == 0) _exit(expression); \
  code(child_); })
static int error(long value) { return value < 0 ? errno : 0; }
