// fork(2), vfork(2), clone(2), execve(2), wait4(2), waitid(2), setpgid(2), setsid(2), prctl(2), getrlimit(2), credentials(7).
#include "show.h"
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>

static int status;
static pid_t run(int (*body)(void)) {
  pid_t child = fork();
  if (child == 0) _exit(body());
  return child;
}
static int three(void) { return 3; }
// Stops; continued, it goes on until it is told to end.
static int leave[2];
static int stopped(void) {
  char byte;
  raise(SIGSTOP);
  read(leave[0], &byte, 1);
  return 5;
}
static int forever(void) {
  for (;;) pause();
}
static void nothing(int signal) {}
static int shared_value;
static int changing(void *argument) {
  shared_value = 99;
  return 4;
}

int main(int count, char **args) {
  extern char **environ;
  if (count > 1 && !strcmp(args[1], "exec")) {
    printf("  exec: %d arguments, '%s', %s\n", count, args[2], getenv("MARK") ? getenv("MARK") : "-");
    show("  exec: close-on-exec is closed", fcntl(50, F_GETFD));
    show("  exec: the other is not", fcntl(51, F_GETFD));
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    show("  exec: a handler is the default", action.sa_handler == SIG_DFL);
    sigaction(SIGUSR2, NULL, &action);
    show("  exec: what was ignored is", action.sa_handler == SIG_IGN);
    sigset_t set;
    sigprocmask(0, NULL, &set);
    show("  exec: the mask stays", sigismember(&set, SIGTERM));
    fflush(stdout);
    return 11;
  }
  siginfo_t info;

  family("wait");
  show("without children: ECHILD", wait(&status));
  pid_t child = run(three);
  show("waitpid gives the child", waitpid(child, &status, 0) == child);
  show("  WIFEXITED", WIFEXITED(status));
  show("  WEXITSTATUS", WEXITSTATUS(status));
  show("  again: ECHILD", waitpid(child, &status, 0));
  child = run(forever);
  show("WNOHANG: 0 while it runs", waitpid(child, &status, WNOHANG));
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  show("killed: WIFSIGNALED", WIFSIGNALED(status));
  show("  WTERMSIG", WTERMSIG(status));
  pipe(leave);
  child = run(stopped);
  waitpid(child, &status, WUNTRACED);
  show("WUNTRACED: WIFSTOPPED", WIFSTOPPED(status));
  show("  WSTOPSIG", WSTOPSIG(status));
  show("  told once", waitpid(child, &status, WUNTRACED | WNOHANG));
  kill(child, SIGCONT);
  waitpid(child, &status, WCONTINUED);
  show("WCONTINUED: WIFCONTINUED", WIFCONTINUED(status));
  write(leave[1], "", 1);
  waitpid(child, &status, 0);
  show("  then it ends", WEXITSTATUS(status));
  show("unknown options are EINVAL", waitpid(-1, &status, 0x1000));
  child = run(three);
  show("waitid with WNOWAIT", waitid(P_PID, child, &info, WEXITED | WNOWAIT));
  show("  si_status", info.si_status);
  show("  CLD_EXITED", info.si_code);
  show("  SIGCHLD", info.si_signo);
  show("  it is still there", waitid(P_PID, child, &info, WEXITED));
  show("  now it is gone: ECHILD", waitid(P_PID, child, &info, WEXITED));
  show("waitid without what to wait for is EINVAL", waitid(P_ALL, 0, &info, 0));
  signal(SIGCHLD, SIG_IGN);
  child = run(three);
  show("SIGCHLD ignored: no zombie, ECHILD", waitpid(child, &status, 0));
  signal(SIGCHLD, SIG_DFL);
  struct rusage usage;
  child = run(three);
  show("wait4 tells its usage", wait4(child, &status, 0, &usage) == child);
  int pipes[2];
  pipe(pipes);
  child = fork();
  if (child == 0) {
    pid_t orphan = fork();
    if (orphan == 0) {
      while (getppid() != 1 && prctl(PR_GET_NAME, "") && getppid() != 0) usleep(1000);
      _exit(0);
    }
    write(pipes[1], &orphan, sizeof orphan);
    _exit(0);
  }
  waitpid(child, &status, 0);
  pid_t orphan;
  show("an orphan's number", read(pipes[0], &orphan, sizeof orphan));
  kill(orphan, SIGKILL);

  family("subreapers");
  show("PR_SET_CHILD_SUBREAPER", prctl(PR_SET_CHILD_SUBREAPER, 1));
  child = fork();
  if (child == 0) {
    if (fork() == 0) {
      usleep(20000);
      _exit(21);
    }
    _exit(20);
  }
  waitpid(child, &status, 0);
  show("the child ends", WEXITSTATUS(status));
  show("  and its orphan is ours", wait(&status) > 0);
  show("  with its status", WEXITSTATUS(status));
  prctl(PR_SET_CHILD_SUBREAPER, 0);

  family("fork, vfork, clone");
  int before = 5;
  child = fork();
  if (child == 0) {
    before = 6;
    _exit(before);
  }
  waitpid(child, &status, 0);
  show("a fork's memory is its own", before);
  volatile int told = 0;
  child = vfork();
  if (child == 0) {
    told = 8;
    _exit(0);
  }
  waitpid(child, &status, 0);
  show("vfork shares it until it ends", told);
  static char stack[65536];
  child = clone(changing, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
  waitpid(child, &status, 0);
  show("CLONE_VM shares memory", shared_value);
  show("  the status", WEXITSTATUS(status));
  show("CLONE_SIGHAND without CLONE_VM is EINVAL", syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
  show("CLONE_THREAD without CLONE_SIGHAND is EINVAL", syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0));
  child = syscall(SYS_clone, CLONE_VFORK, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  show("no signal at the end: waitpid does not see it", waitpid(child, &status, WNOHANG));
  show("  but with __WCLONE", waitpid(child, &status, __WCLONE) == child);

  family("exec");
  int null = open("/dev/null", O_RDWR);
  dup2(null, 51);
  dup3(null, 50, O_CLOEXEC);
  signal(SIGUSR1, nothing);
  signal(SIGUSR2, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  child = fork();
  if (child == 0) {
    char *argv[] = {"renamed", "exec", "two words", NULL}, *envp[] = {"MARK=here", NULL};
    execve("/proc/self/exe", argv, envp);
    execve(args[0], argv, envp);
    _exit(1);
  }
  waitpid(child, &status, 0);
  show("the new program's status", WEXITSTATUS(status));
  char *argv[] = {"x", NULL};
  show("nothing there: ENOENT", execve("/no/such", argv, environ));
  show("a directory: EACCES", execve("/", argv, environ));
  int text_ = open("notes", O_CREAT | O_RDWR | O_TRUNC, 0644);
  write(text_, "plain", 5);
  close(text_);
  show("without the right: EACCES", execve("./notes", argv, environ));
  chmod("notes", 0755);
  show("no format: ENOEXEC", execve("./notes", argv, environ));
  text_ = open("notes", O_RDWR);
  show("open for writing: ETXTBSY", execve("./notes", argv, environ));
  close(text_);
  text_ = open("notes", O_RDWR | O_TRUNC);
  write(text_, "#!/no/such/interpreter\n", 23);
  close(text_);
  show("an interpreter that is not there: ENOENT", execve("./notes", argv, environ));
  text_ = open("notes", O_RDWR | O_TRUNC);
  write(text_, "#!./notes\n", 10);
  close(text_);
  show("scripts without end: ELOOP", execve("./notes", argv, environ));
  unlink("notes");
  show("open(2) for writing of what runs: ETXTBSY", open(args[0], O_RDWR));
  show("  O_TRUNC alone too", open(args[0], O_RDONLY | O_TRUNC));
  show("truncate(2) of what runs: ETXTBSY", truncate(args[0], 0));
  show("  reading does not matter", close(open(args[0], O_RDONLY)));
  show("argv that can't be read: EFAULT", execve(args[0], (char **)1, environ));

  family("groups and sessions");
  child = fork();
  if (child == 0) {
    show("setpgid", setpgid(0, 0));
    show("  its own group", getpgrp() == getpid());
    show("setsid of a leader is EPERM", setsid());
    pid_t inner = fork();
    if (inner == 0) {
      show("setsid", setsid() == getpid());
      show("  a new session", getsid(0) == getpid());
      show("setpgid of a session leader is EPERM", setpgid(0, 0));
      _exit(0);
    }
    waitpid(inner, &status, 0);
    show("setpgid of nobody is ESRCH", setpgid(999999, 0));
    show("a negative group is EINVAL", setpgid(0, -1));
    show("getpgid of nobody is ESRCH", getpgid(999999));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, &status, 0);
  pid_t one = run(forever);
  setpgid(one, one);
  pid_t two = run(forever);
  show("a child can be put into a sibling's group", setpgid(two, one));
  show("kill of a group", kill(-one, SIGTERM) == 0 || kill(-one, SIGKILL) == 0);
  kill(-one, SIGKILL);
  show("waitpid of a group", waitpid(-one, &status, 0) > 0);
  waitpid(-one, &status, 0);
  show("  nobody left: ECHILD", waitpid(-one, &status, 0));

  family("limits and names");
  struct rlimit limit = {64, 64};
  show("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
  int fd, opened = 0;
  while ((fd = dup(0)) >= 0) opened = fd;
  show("RLIMIT_NOFILE: EMFILE", fd);
  show("  the last was 63", opened);
  for (fd = 3; fd < 64; fd++) close(fd);
  limit.rlim_cur = 100;
  limit.rlim_max = 50;
  show("soft above hard is EINVAL", setrlimit(RLIMIT_NOFILE, &limit));
  show("a resource that is none is EINVAL", getrlimit(99, &limit));
  prctl(PR_SET_NAME, "a-name-that-is-longer");
  char name[32] = {0};
  prctl(PR_GET_NAME, name);
  text("PR_SET_NAME cuts to 15", name);
  show("PR_SET_NO_NEW_PRIVS", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  show("  is so", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  show("an option that is none is EINVAL", prctl(123456));
  show("getpriority", getpriority(PRIO_PROCESS, 0));
  show("nice", setpriority(PRIO_PROCESS, 0, 5));
  show("  is 5", getpriority(PRIO_PROCESS, 0));
  show("sched_getscheduler", sched_getscheduler(0));
  show("sched_yield", sched_yield());

  family("personality");
  show("personality(2): what it is", personality(0xffffffff));
  show("personality(2): ADDR_NO_RANDOMIZE: what it was", personality(ADDR_NO_RANDOMIZE));
  show("  is kept", personality(0xffffffff) == ADDR_NO_RANDOMIZE);
  child = fork();
  if (child == 0) {
    show("  by fork", personality(0xffffffff) == ADDR_NO_RANDOMIZE);
    _exit(0);
  }
  waitpid(child, &status, 0);
  personality(READ_IMPLIES_EXEC);
  int (*code)(void) = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(code, "\xb8\x2a\0\0\0\xc3", 6);
  show("  READ_IMPLIES_EXEC", code());
  personality(0);

  family("users");
  child = fork();
  if (child == 0) {
    gid_t groups[] = {7, 5};
    show("setgroups", setgroups(2, groups));
    show("getgroups counts", getgroups(0, NULL));
    show("setresuid", setresuid(1000, 1001, 1002));
    show("  real", getuid());
    show("  effective", geteuid());
    show("setuid to the saved", setuid(1002));
    show("  effective", geteuid());
    show("  real stays", getuid());
    show("setuid to another is EPERM", setuid(0));
    show("setgroups is EPERM", setgroups(1, groups));
    show("kill of another's process is EPERM", kill(getppid(), SIGTERM));
    show("a priority above one's own is EACCES", setpriority(PRIO_PROCESS, 0, -5));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, &status, 0);
  return 0;
}
