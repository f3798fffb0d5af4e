// Orphaned process groups: setpgid(2), _exit(2), POSIX 3.264: those with a stopped member are hung up and continued.
#include "show.h"
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static int told[2], go[2];
static void tells(int signal) {
  char number = signal;
  write(told[1], &number, 1);
}
static void listens(void) {
  signal(SIGHUP, tells);
  signal(SIGCONT, tells);
}
// The sum of the signals that came, of whom `count` were waited for: whoever gets none ends none.
static int heard(int count) {
  int sum = 0;
  char number;
  for (struct pollfd look = { told[0], POLLIN }; count-- > 0 && poll(&look, 1, 10000) == 1;) {
    if (read(told[0], &number, 1) != 1) return -2;
    sum += number;
  }
  return sum;
}
static int quiet(void) {
  struct pollfd look = { told[0], POLLIN };
  return poll(&look, 1, 100);
}
static int code(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
static pid_t start_stopped(int own_group) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    if (own_group) setpgid(0, 0);
    listens();
    raise(SIGSTOP);
    _exit(0);
  }
  waitpid(child, &status, WUNTRACED);
  return WIFSTOPPED(status) ? child : -1;
}
// Stays until it is killed, or its session's leader has ended.
static pid_t start_waiting(void) {
  char byte;
  pid_t child = fork();
  if (child == 0) { listens(); close(go[1]); while (read(go[0], &byte, 1) < 0); _exit(0); }
  return child;
}
#define session(body) ({ fflush(stdout); pid_t child_ = fork(); if (child_ == 0) { setsid(); body; } code(child_); })

static const int BOTH = SIGHUP + SIGCONT;

int main(void) {
  alarm(60);
  pipe(told), pipe(go);
  family("a session leader ends");
  show("it left a stopped job in a group of its own", session(_exit(start_stopped(1) > 0)));
  show("  which is hung up and continued", heard(2) == BOTH);
  show("two jobs", session(_exit((start_stopped(1) > 0) + (start_stopped(1) > 0))));
  show("  both are", heard(4) == 2 * BOTH);
  int numbers[2];
  pid_t left = 0;
  pipe(numbers);
  show("a stopped child in its own group", session(({ left = start_stopped(0); write(numbers[1], &left, sizeof left); _exit(left > 0); })));
  show("  was an orphan before", (read(numbers[0], &left, sizeof left), quiet()));
  kill(left, SIGKILL);
  show("a job that runs", session(({ pid_t job = start_waiting(); setpgid(job, job); _exit(job > 0); })));
  show("  is left alone", quiet());

  family("a shell ends that leads no session");
  show("its job was stopped, and the leader inherits it", session(({
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t shell = fork();
    if (shell == 0) { setpgid(0, 0); _exit(start_stopped(1) > 0); }
    int made = code(shell);
    show("  so it has a parent in the session", quiet());
    _exit(made);
  })));
  show("when the leader ends it is an orphan", heard(2) == BOTH);
  show("its job was stopped, and nobody of the session inherits it", session(({
    pid_t shell = fork();
    if (shell == 0) { setpgid(0, 0); _exit(start_stopped(1) > 0); }
    _exit(code(shell));
  })));
  show("  it is an orphan at once", heard(2) == BOTH);

  family("the parent of a group's leader ends");
  show("who alone could continue the group", session(({
    pid_t parent = fork();
    if (parent == 0) {
      pid_t child = fork();
      if (child == 0) { setpgid(0, 0); _exit(start_stopped(0) > 0); }
      _exit(code(child));
    }
    _exit(code(parent));
  })));
  show("  leaves it hung up and continued", heard(2) == BOTH);
  show("a group that another member of has a parent for", session(({
    pid_t member = start_waiting();
    setpgid(member, member);
    pid_t shell = fork();
    if (shell == 0) {
      left = start_stopped(0);
      write(numbers[1], &left, sizeof left);
      _exit(setpgid(left, member) == 0);
    }
    int made = code(shell);
    show("  is left alone", quiet());
    read(numbers[0], &left, sizeof left);
    kill(left, SIGKILL);
    kill(member, SIGKILL);
    waitpid(member, NULL, 0);
    _exit(made);
  })));
  show("a zombie is no parent", session(({
    pid_t parent = fork();
    if (parent == 0) {
      left = start_stopped(1);
      _exit(left > 0);
    }
    waitid(P_PID, parent, NULL, WEXITED | WNOWAIT);
    _exit(heard(2) == BOTH);
  })));
  return 0;
}
