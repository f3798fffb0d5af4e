// seccomp(2), prctl(2) PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS.
#include "show.h"
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NR offsetof(struct seccomp_data, nr)
#define ARGUMENT(i) (offsetof(struct seccomp_data, args) + 8 * (i))
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
// One call has one answer, all others are made.
#define FOR(call, answer) {LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), RETURN(answer), RETURN(SECCOMP_RET_ALLOW)}

static long set(struct sock_filter *filter, int length, int flags) {
  struct sock_fprog program = {length, filter};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
static long answer(int call, unsigned value) {
  struct sock_filter filter[] = FOR(call, value);
  return set(filter, 4, 0);
}
static int status;
// What a child comes to that does `body`.
static void child(const char *rule, void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    body();
    _exit(0);
  }
  waitpid(pid, &status, 0);
  printf("%s: %s %d\n", rule, WIFEXITED(status) ? "exited" : "killed", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  fflush(stdout);
}
static void strictWrites(void) {
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  write(1, "strict\n", 7);
  syscall(SYS_exit, 3);
}
static void strictOpens(void) {
  syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0);
  syscall(SYS_getpid);
}
static void errnos(void) {
  show("SECCOMP_SET_MODE_FILTER", answer(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV));
  show("SECCOMP_RET_ERRNO", syscall(SYS_getppid));
  show("  other calls are made", syscall(SYS_getpgrp) > 0);
  show("PR_GET_SECCOMP", prctl(PR_GET_SECCOMP));
  show("SECCOMP_RET_ERRNO of 0", answer(SYS_getpgrp, SECCOMP_RET_ERRNO));
  show("  is success", syscall(SYS_getpgrp));
  show("two filters: the stricter one counts", answer(SYS_getppid, SECCOMP_RET_ALLOW));
  show("  the first is still there", syscall(SYS_getppid));
  answer(SYS_getppid, SECCOMP_RET_ERRNO | EDOM);
  show("of two equal ones the newest", syscall(SYS_getppid));
  show("ERRNO is stricter than TRACE", (answer(SYS_getppid, SECCOMP_RET_TRACE), syscall(SYS_getppid)));
  show("SECCOMP_RET_TRACE without a tracer", (answer(SYS_umask, SECCOMP_RET_TRACE), syscall(SYS_umask, 0)));
  show("SECCOMP_RET_LOG", (answer(SYS_getuid32, SECCOMP_RET_LOG), syscall(SYS_getuid32)));
  show("the errno is at most 4095", (answer(SYS_dup, SECCOMP_RET_ERRNO | 0xffff), syscall(SYS_dup, 0) == -1 && errno == 4095));
  show("strict mode after filters: EINVAL", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
  char path[] = "/proc/self/status", text_[4000];
  int fd = open(path, O_RDONLY);
  text_[read(fd, text_, 3999)] = 0;
  show("proc(5): Seccomp", atoi(strstr(text_, "Seccomp:") + 8));
  show("proc(5): Seccomp_filters", atoi(strstr(text_, "Seccomp_filters:") + 16));
  show("proc(5): NoNewPrivs", atoi(strstr(text_, "NoNewPrivs:") + 11));
}
static void inherits(void) {
  answer(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV);
  pid_t pid = fork();
  if (pid == 0) {
    show("fork: the child has the filter", syscall(SYS_getppid));
    char *args[] = {"x", "exec", NULL};
    execve("/proc/self/exe", args, environ);
  }
  waitpid(pid, &status, 0);
}
static void arguments(void) {
  struct sock_filter low[] = {LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close, 0, 3), LOAD(ARGUMENT(0)),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 100, 0, 1), RETURN(SECCOMP_RET_ERRNO | ENOTTY), RETURN(SECCOMP_RET_ALLOW)};
  set(low, 6, 0);
  show("a filter sees the arguments", close(101));
  show("  smaller", close(99));
  struct sock_filter arch[] = {LOAD(offsetof(struct seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40000003, 0, 3),
    LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgrp, 0, 1), RETURN(SECCOMP_RET_ERRNO | ENOLCK), RETURN(SECCOMP_RET_ALLOW)};
  set(arch, 6, 0);
  show("a filter sees AUDIT_ARCH_I386", syscall(SYS_getpgrp));
  // errno = (args[0] * 3 + 7 ^ 1) by scratch memory and X
  struct sock_filter sums[] = {LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 1, 0), RETURN(SECCOMP_RET_ALLOW), LOAD(ARGUMENT(0)),
    BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 3), BPF_STMT(BPF_ST, 5), BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 5), BPF_STMT(BPF_LD | BPF_W | BPF_IMM, 7),
    BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 1), BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO),
    BPF_STMT(BPF_RET | BPF_A, 0)};
  show("arithmetic", set(sums, 12, 0));
  show("  its errno", syscall(SYS_getpgid, 5) == -1 ? errno : -1);
}
static siginfo_t seen;
static long result;
static void trapped(int sig, siginfo_t *info, void *context) { seen = *info; }
static void traps(void) {
  struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, 0);
  answer(SYS_getppid, SECCOMP_RET_TRAP | 55);
  result = syscall(SYS_getppid);
  show("SECCOMP_RET_TRAP: SIGSYS", seen.si_signo);
  show("  si_code is SYS_SECCOMP", seen.si_code);
  show("  si_syscall", seen.si_syscall == SYS_getppid);
  show("  si_arch", seen.si_arch);
  show("  si_errno", seen.si_errno);
  show("  the register still has the call", result == SYS_getppid);
}
static void trapsAlone(void) {
  answer(SYS_getppid, SECCOMP_RET_TRAP);
  syscall(SYS_getppid);
}
static void killsProcess(void) {
  answer(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
  syscall(SYS_getppid);
}
static void killsUnknown(void) {
  answer(SYS_getppid, 0x12340000);
  syscall(SYS_getppid);
}
static void killsOnlyThread(void) {
  answer(SYS_getppid, SECCOMP_RET_KILL_THREAD);
  syscall(SYS_getppid);
}
static void *asks(void *unused) { return (void *)syscall(SYS_getppid); }
static void killsThread(void) {
  pthread_t thread;
  void *back;
  answer(SYS_getppid, SECCOMP_RET_KILL_THREAD);
  pthread_create(&thread, 0, asks, 0);
  pthread_join(thread, &back);
  show("SECCOMP_RET_KILL_THREAD: the others go on", 1);
}
static volatile int go;
static void *waits(void *unused) {
  while (!go) sched_yield();
  long value = syscall(SYS_getppid);
  return (void *)(value == -1 ? -(long)errno : value);
}
static void synchronizes(void) {
  pthread_t thread;
  void *back;
  pthread_create(&thread, 0, waits, 0);
  struct sock_filter filter[] = FOR(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV);
  show("SECCOMP_FILTER_FLAG_TSYNC", set(filter, 4, SECCOMP_FILTER_FLAG_TSYNC));
  go = 1;
  pthread_join(thread, &back);
  show("  the other thread has it", -(long)back == EXDEV);
}
static void *own(void *unused) {
  answer(SYS_getpgrp, SECCOMP_RET_ERRNO | EXDEV);
  go = 1;
  while (go < 2) sched_yield();
  return 0;
}
static void diverges(void) {
  pthread_t thread;
  pthread_create(&thread, 0, own, 0);
  while (!go) sched_yield();
  struct sock_filter filter[] = FOR(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV);
  show("SECCOMP_FILTER_FLAG_TSYNC: a thread with a filter of its own: its number", set(filter, 4, SECCOMP_FILTER_FLAG_TSYNC) > 0);
  show("SECCOMP_FILTER_FLAG_TSYNC_ESRCH", set(filter, 4, SECCOMP_FILTER_FLAG_TSYNC | 16));
  go = 2;
  pthread_join(thread, 0);
}
int main(int count, char **args) {
  if (count > 1) {
    show("exec: the new program has it", syscall(SYS_getppid));
    return 0;
  }
  family("rules of filters");
  struct sock_filter allow[] = {RETURN(SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {1, allow};
  show("unknown operation: EINVAL", syscall(SYS_seccomp, 99, 0, 0));
  show("unknown flags: EINVAL", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0x100, &program));
  show("SECCOMP_SET_MODE_STRICT with flags: EINVAL", syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, 0));
  show("SECCOMP_SET_MODE_STRICT with an argument: EINVAL", syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, &program));
  show("a program that can't be read: EFAULT", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 16));
  program.len = 0;
  show("no instruction: EINVAL", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
  program.len = 4097;
  show("more than BPF_MAXINSNS: EINVAL", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    setresuid(1000, 1000, 1000);
    show("neither CAP_SYS_ADMIN nor PR_SET_NO_NEW_PRIVS: EACCES", set(allow, 1, 0));
    _exit(0);
  }
  waitpid(pid, &status, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  struct sock_filter bad1[] = {LOAD(NR)};
  show("no return at the end: EINVAL", set(bad1, 1, 0));
  struct sock_filter bad2[] = {LOAD(64), RETURN(0)};
  show("a load beyond seccomp_data: EINVAL", set(bad2, 2, 0));
  struct sock_filter bad3[] = {LOAD(2), RETURN(0)};
  show("a load that is not aligned: EINVAL", set(bad3, 2, 0));
  struct sock_filter bad4[] = {BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), RETURN(0)};
  show("a jump beyond the end: EINVAL", set(bad4, 2, 0));
  struct sock_filter bad5[] = {BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RETURN(0)};
  show("a division by 0: EINVAL", set(bad5, 2, 0));
  struct sock_filter bad6[] = {BPF_STMT(BPF_LD | BPF_W | BPF_MEM, 3), RETURN(0)};
  show("scratch memory that was not written: EINVAL", set(bad6, 2, 0));
  struct sock_filter bad7[] = {BPF_STMT(BPF_ST, 16), RETURN(0)};
  show("scratch memory that is not there: EINVAL", set(bad7, 2, 0));
  struct sock_filter bad8[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), RETURN(0)};
  show("a load of a byte: EINVAL", set(bad8, 2, 0));
  unsigned action = SECCOMP_RET_TRAP;
  show("SECCOMP_GET_ACTION_AVAIL", syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
  action = 0x12340000;
  show("  no such answer: EOPNOTSUPP", syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
  show("  flags: EINVAL", syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 1, &action));
  show("PR_GET_SECCOMP", prctl(PR_GET_SECCOMP));
  show("PR_SET_SECCOMP: no such mode: EINVAL", prctl(PR_SET_SECCOMP, 9, 0));
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    show("PR_SET_NO_NEW_PRIVS: 0: EINVAL", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    show("PR_SET_NO_NEW_PRIVS: more arguments: EINVAL", prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    show("PR_GET_NO_NEW_PRIVS of a child", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    _exit(0);
  }
  waitpid(pid, &status, 0);

  family("answers");
  child("errnos", errnos);
  child("inherits", inherits);
  child("arguments", arguments);
  child("traps", traps);
  child("SECCOMP_RET_TRAP without a handler", trapsAlone);
  child("SECCOMP_RET_KILL_PROCESS", killsProcess);
  child("an unknown answer kills the process", killsUnknown);
  child("SECCOMP_RET_KILL_THREAD of the only thread", killsOnlyThread);
  child("kills a thread", killsThread);
  child("strict mode", strictWrites);
  child("strict mode: another call", strictOpens);

  family("threads");
  child("synchronizes", synchronizes);
  go = 0;
  child("diverges", diverges);

  family("a tracer");
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    answer(SYS_getppid, SECCOMP_RET_TRACE | 42);
    _exit(syscall(SYS_getppid) == getpid() ? 11 : 12);
  }
  waitpid(pid, &status, 0);
  ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP);
  ptrace(PTRACE_CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  show("SECCOMP_RET_TRACE: PTRACE_EVENT_SECCOMP", status >> 16);
  unsigned long message;
  ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
  show("  PTRACE_GETEVENTMSG is the data", message);
  ptrace(PTRACE_POKEUSER, pid, 11 * 4, SYS_getpid);
  ptrace(PTRACE_CONT, pid, 0, 0);
  waitpid(pid, &status, 0);
  show("  the tracer can change the call", WEXITSTATUS(status));

  return 0;
}
