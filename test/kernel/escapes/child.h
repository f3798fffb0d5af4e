// A child of given clone flags that evaluates an expression: its exit status, 1000 and the signal that ended it, or -1.
#include "../programs/show.h"
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int wait_for(int child) {
  int status = -1;
  if (child < 0) return -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
#define in_child(flags, expression) ({ \
  fflush(stdout); \
  int child_ = syscall(SYS_clone, (flags) | SIGCHLD, 0, 0, 0, 0); \
  if (child_ == 0) _exit(expression); \
  wait_for(child_); })
static int error(long value) { return value < 0 ? errno : 0; }
