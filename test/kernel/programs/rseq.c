// rseq(2), membarrier(2), prctl(2).
#include "show.h"
#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SIGNATURE 0x53053053
static struct rseq area __attribute__((aligned(32)));
static int status;

// In a critical section until something breaks it off: 1. What `until` becomes ends it: 0.
extern const struct rseq_cs section;
static volatile int until;
asm(".pushsection .data; .balign 32; section: .long 0, 0; .long 1f, 0, 2f - 1f, 0, 3f, 0; .popsection\n"
    ".globl runSection; runSection: movl $section, area + 8\n"
    "1: cmpl $0, until; je 1b\n"
    "2: xorl %eax, %eax; ret\n"
    ".long 0x53053053\n"
    "3: movl $1, %eax; ret\n");
extern int runSection(void);

static long registers(void) { return syscall(SYS_rseq, &area, 32, 0, SIGNATURE); }
static void tick(int sig) {}
static void ticks(void) {
  signal(SIGALRM, tick);
  ualarm(300, 300);
}
static void child(const char *rule, void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  waitpid(pid, &status, 0);
  printf("%s: %s %d\n", rule, WIFEXITED(status) ? "exited" : "killed", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  fflush(stdout);
}
static void aborts(void) {
  registers();
  ticks();
  show("a signal breaks a critical section off", runSection());
  show("  rseq_cs is empty", (long)area.rseq_cs);
}
static void badSignature(void) {
  syscall(SYS_rseq, &area, 32, 0, 0x1234);
  ticks();
  runSection();
}
static void badSection(void) {
  registers();
  area.rseq_cs = 16;
  ticks();
  pause();
}
static void badVersion(void) {
  static struct rseq_cs wrong __attribute__((aligned(32))) = {.version = 1};
  registers();
  area.rseq_cs = (unsigned long)&wrong;
  ticks();
  pause();
}
static void outside(void) {
  registers();
  area.rseq_cs = (unsigned long)&section;
  ticks();
  pause();
  show("a section that the program is not in is forgotten", (long)area.rseq_cs);
}
static void inherits(void) {
  registers();
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    show("fork(2): the child is registered", syscall(SYS_rseq, &area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
    _exit(0);
  }
  waitpid(pid, &status, 0);
}
static void *thread(void *unused) {
  static struct rseq own __attribute__((aligned(32)));
  return (void *)syscall(SYS_rseq, &own, 32, 0, SIGNATURE);
}

int main(int count, char **args) {
  if (count > 1) {
    // the library may register on its own: see main
    show("execve(2): not registered", syscall(SYS_rseq, &area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
    return 0;
  }
  if (!getenv("GLIBC_TUNABLES")) {
    // the library's own registration is off
    putenv("GLIBC_TUNABLES=glibc.pthread.rseq=0");
    execv("/proc/self/exe", args);
  }
  family("rseq");
  show("not aligned: EINVAL", syscall(SYS_rseq, (char *)&area + 8, 32, 0, SIGNATURE));
  show("too short: EINVAL", syscall(SYS_rseq, &area, 16, 0, SIGNATURE));
  show("unknown flags: EINVAL", syscall(SYS_rseq, &area, 32, 2, SIGNATURE));
  show("not mapped: EFAULT", syscall(SYS_rseq, (void *)0xfffff000, 32, 0, SIGNATURE));
  show("unregister: nothing there: EINVAL", syscall(SYS_rseq, &area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
  area.cpu_id = RSEQ_CPU_ID_UNINITIALIZED;
  show("register", registers());
  sched_yield();
  show("  cpu_id is a processor", (int)area.cpu_id >= 0);
  show("  cpu_id_start too", area.cpu_id_start == area.cpu_id);
  show("  again: EBUSY", registers());
  show("  another place: EINVAL", syscall(SYS_rseq, &area + 1, 32, 0, SIGNATURE));
  show("  another signature: EPERM", syscall(SYS_rseq, &area, 32, 0, 1));
  show("unregister: another signature: EPERM", syscall(SYS_rseq, &area, 32, RSEQ_FLAG_UNREGISTER, 1));
  show("unregister: another place: EINVAL", syscall(SYS_rseq, &area + 1, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
  show("unregister", syscall(SYS_rseq, &area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
  show("  cpu_id", (int)area.cpu_id);
  until = 1;
  registers();
  show("a critical section that ends", runSection());
  syscall(SYS_rseq, &area, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE);
  until = 0;
  child("aborts", aborts);
  child("a wrong signature before the abort: SIGSEGV", badSignature);
  child("a section that can't be read: SIGSEGV", badSection);
  child("a section of another version: SIGSEGV", badVersion);
  child("outside", outside);
  child("inherits", inherits);
  registers();
  pthread_t other;
  void *back;
  pthread_create(&other, 0, thread, 0);
  pthread_join(other, &back);
  show("clone(2): a thread is not registered", (long)back);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    char *argv[] = {"x", "exec", NULL};
    execve("/proc/self/exe", argv, environ);
  }
  waitpid(pid, &status, 0);

  family("membarrier");
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  show("MEMBARRIER_CMD_QUERY", commands & 0x7f);
  show("  flags: EINVAL", syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 1, 0));
  show("no such command: EINVAL", syscall(SYS_membarrier, 1 << 20, 0, 0));
  show("two commands: EINVAL", syscall(SYS_membarrier, 3, 0, 0));
  show("MEMBARRIER_CMD_GLOBAL", syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
  show("MEMBARRIER_CMD_PRIVATE_EXPEDITED, not registered: EPERM", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
  show("MEMBARRIER_CMD_GLOBAL_EXPEDITED needs none", syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0));
  show("MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED", syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0));
  show("MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED", syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
  show("MEMBARRIER_CMD_PRIVATE_EXPEDITED", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
  show("  flags: EINVAL", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1, 0));
  show("PRIVATE_EXPEDITED_SYNC_CORE, not registered: EPERM", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
  show("REGISTER_PRIVATE_EXPEDITED_SYNC_CORE", syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
  show("PRIVATE_EXPEDITED_SYNC_CORE", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    show("fork(2): the child is registered", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
    _exit(0);
  }
  waitpid(pid, &status, 0);

  family("prctl");
  char name[20] = "";
  int value = 99;
  show("no such option: EINVAL", prctl(9999, 0, 0, 0, 0));
  show("PR_SET_NAME: longer than 15", prctl(PR_SET_NAME, "a name that is too long", 0, 0, 0));
  prctl(PR_GET_NAME, name, 0, 0, 0);
  text("  is cut", name);
  show("PR_SET_NAME: EFAULT", prctl(PR_SET_NAME, 16, 0, 0, 0));
  show("PR_SET_PDEATHSIG: no signal: EINVAL", prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0));
  show("PR_SET_PDEATHSIG", prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0));
  show("PR_GET_PDEATHSIG", prctl(PR_GET_PDEATHSIG, &value, 0, 0, 0));
  show("  the signal", value);
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    prctl(PR_GET_PDEATHSIG, &value, 0, 0, 0);
    show("  not of a child", value);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  show("PR_GET_DUMPABLE", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  show("PR_SET_DUMPABLE of 2: EINVAL", prctl(PR_SET_DUMPABLE, 2, 0, 0, 0));
  show("PR_SET_DUMPABLE", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  show("  is kept", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  show("PR_GET_TIMERSLACK", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
  prctl(PR_SET_TIMERSLACK, 1234, 0, 0, 0);
  show("PR_SET_TIMERSLACK", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
  prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
  show("  0 is the default", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
  show("PR_GET_TIMING", prctl(PR_GET_TIMING, 0, 0, 0, 0));
  show("PR_SET_TIMING: by time stamps: EINVAL", prctl(PR_SET_TIMING, 1, 0, 0, 0));
  show("PR_GET_TSC", prctl(PR_GET_TSC, &value, 0, 0, 0));
  show("  PR_TSC_ENABLE", value);
  show("PR_GET_UNALIGN: not on x86: EINVAL", prctl(PR_GET_UNALIGN, &value, 0, 0, 0));
  show("PR_GET_ENDIAN: not on x86: EINVAL", prctl(PR_GET_ENDIAN, &value, 0, 0, 0));
  show("PR_GET_NO_NEW_PRIVS with arguments: EINVAL", prctl(PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0));
  show("PR_SET_CHILD_SUBREAPER", prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
  prctl(PR_GET_CHILD_SUBREAPER, &value, 0, 0, 0);
  show("  is kept", value);
  show("PR_GET_THP_DISABLE", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  show("PR_SET_THP_DISABLE", prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
  show("  is kept", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  show("PR_SET_THP_DISABLE with arguments: EINVAL", prctl(PR_SET_THP_DISABLE, 0, 1, 0, 0));
  show("PR_CAPBSET_READ: no such capability: EINVAL", prctl(PR_CAPBSET_READ, 99, 0, 0, 0));
  show("PR_MCE_KILL_GET", prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
  show("io_uring_setup(2): ENOSYS or EPERM", syscall(425, 0, 0) == -1);
  return 0;
}
