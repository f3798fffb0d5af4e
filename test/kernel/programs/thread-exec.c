// execve(2) in programs with threads.
#include "threads.h"
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

static int status;

static void handler(int sig) {}
static void *executes(void *unused) {
  execve("/proc/self/exe", (char *[]){"renamed", "exec", NULL}, environ);
  _exit(99);
}
static void *ends(void *unused) {
  syscall(SYS_exit_group, 6);
  return 0;
}

static void afterExec(void) {
  char name[64] = "";
  show("execve(2): all other threads are gone", threads());
  show("  the thread is the leader", syscall(SYS_gettid) == getpid());
  show("  the number is the process's", getenv("PID") && atoi(getenv("PID")) == getpid());
  show("  the parent is the same", getenv("PPID") && atoi(getenv("PPID")) == getppid());
  prctl(PR_GET_NAME, name, 0, 0, 0);
  show("  the name is the file's", strcmp(name, "maker") != 0);
  show("  a descriptor that a thread had opened", fcntl(60, F_GETFD));
  show("  one with FD_CLOEXEC", fcntl(61, F_GETFD));
  struct sigaction action;
  sigaction(SIGUSR1, 0, &action);
  show("  handlers are gone", action.sa_handler == SIG_DFL);
  sigaction(SIGUSR2, 0, &action);
  show("  what was ignored still is", action.sa_handler == SIG_IGN);
  sigset_t set;
  sigprocmask(0, 0, &set);
  show("  the mask is the thread's", sigismember(&set, SIGHUP));
  sigpending(&set);
  show("  signals of the process are still pending", sigismember(&set, SIGHUP));
  stack_t stack;
  sigaltstack(0, &stack);
  show("  no alternate stack", stack.ss_flags == SS_DISABLE);
  show("  the umask stays", umask(0));
}
static void *preparesAndExecutes(void *unused) {
  static char stackMemory[65536], pid[20], ppid[20];
  stack_t stack = {.ss_sp = stackMemory, .ss_size = sizeof stackMemory};
  sigaltstack(&stack, 0);
  prctl(PR_SET_NAME, "maker", 0, 0, 0);
  dup2(1, 60);
  dup3(1, 61, O_CLOEXEC);
  signal(SIGUSR1, handler);
  signal(SIGUSR2, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, 0);
  umask(031);
  sprintf(pid, "PID=%d", getpid());
  sprintf(ppid, "PPID=%d", getppid());
  execve("/proc/self/exe", (char *[]){"x", "after", NULL}, (char *[]){pid, ppid, NULL});
  return 0;
}

int main(int count, char **args) {
  if (count > 1) {
    if (!strcmp(args[1], "after")) afterExec();
    return 8;
  }
  pipe(ready);

  family("exec in threads");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    twoMore();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, 0);
    raise(SIGHUP);
    kill(getpid(), SIGHUP);
    inThread(preparesAndExecutes);
  }
  show("execve(2) in a thread: the parent sees the same child", waitpid(pid, &status, 0) == pid);
  show("  its status", WEXITSTATUS(status));
  pid = fork();
  if (pid == 0) {
    twoMore();
    execve("/no/such", (char *[]){"x", NULL}, environ);
    show("execve(2) that fails: the threads go on", threads());
    fflush(stdout);
    inThread(executes);
  }
  waitpid(pid, &status, 0);
  show("  one that does not", WEXITSTATUS(status));
  pid = fork();
  if (pid == 0) {
    twoMore();
    inThread(ends);
  }
  waitpid(pid, &status, 0);
  show("exit_group(2) in a thread ends all", WEXITSTATUS(status));
  pid = fork();
  if (pid == 0) {
    twoMore();
    if (vfork() == 0) executes(0);
    int inner;
    wait(&inner);
    show("vfork(2) and execve(2): the threads go on", threads());
    show("  the new program's status", WEXITSTATUS(inner));
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  return 0;
}
