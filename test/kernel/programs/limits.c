// getrlimit(2), prlimit(2): each limit, and what happens at it.
#include "show.h"
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

static int status;
static void limit(int resource, unsigned long soft, unsigned long hard) {
  struct rlimit both = {soft, hard};
  if (setrlimit(resource, &both) != 0) perror("setrlimit");
}
static void child(const char *rule, void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  printf("%s: %s %d\n", rule, WIFEXITED(status) ? "exited" : "killed", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  fflush(stdout);
}
static volatile int caught;
static void note(int sig) { caught++; }
static void spin(void) {
  for (volatile int i = 0;; i++) {}
}

static void rules(void) {
  struct rlimit both, big = {20, 10};
  show("no such resource: EINVAL", getrlimit(99, &both));
  show("soft above hard: EINVAL", setrlimit(RLIMIT_CORE, &big));
  show("getrlimit: EFAULT", syscall(SYS_ugetrlimit, RLIMIT_CORE, 16));
  show("prlimit: nobody: ESRCH", prlimit(999999, RLIMIT_CORE, 0, &both));
  limit(RLIMIT_CORE, 5, 10);
  show("prlimit tells the old one", prlimit(0, RLIMIT_CORE, 0, &both));
  show("  soft", both.rlim_cur);
  show("  hard", both.rlim_max);
  setresuid(1000, 1000, 1000);
  limit(RLIMIT_CORE, 10, 10);
  both.rlim_cur = both.rlim_max = 11;
  show("a user can't raise the hard limit: EPERM", setrlimit(RLIMIT_CORE, &both));
  both.rlim_cur = both.rlim_max = 3;
  show("  but lower it", setrlimit(RLIMIT_CORE, &both));
  show("  another user's process: EPERM", prlimit(getppid(), RLIMIT_CORE, 0, &both));
}
static void addressSpace(void) {
  limit(RLIMIT_AS, 64 << 20, 64 << 20);
  show("RLIMIT_AS: mmap: ENOMEM", mmap(0, 80 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
  show("  less", mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
  void *small = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  show("  mremap: ENOMEM", mremap(small, 4096, 80 << 20, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
  void *before = sbrk(0);
  show("  sbrk: ENOMEM", (long)sbrk(80 << 20));
}
static void data(void) {
  limit(RLIMIT_DATA, 8 << 20, 8 << 20);
  show("RLIMIT_DATA: sbrk: ENOMEM", (long)sbrk(16 << 20));
  show("  private memory that can be written: ENOMEM", mmap(0, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
  show("  what can't be written does not count", mmap(0, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
  show("  shared memory does not count", mmap(0, 16 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}
static void fileSize(void) {
  signal(SIGXFSZ, note);
  limit(RLIMIT_FSIZE, 1000, 1000);
  char block[600] = "";
  int fd = open("big", O_CREAT | O_TRUNC | O_RDWR, 0600);
  show("RLIMIT_FSIZE: below", write(fd, block, 600));
  show("  a part", write(fd, block, 600));
  show("  at it: EFBIG", write(fd, block, 1));
  show("  SIGXFSZ", caught);
  show("  ftruncate: EFBIG", ftruncate(fd, 2000));
  show("  SIGXFSZ again", caught);
  show("  fallocate: EFBIG", fallocate(fd, 0, 0, 2000));
  signal(SIGXFSZ, SIG_DFL);
  write(fd, block, 1);
}
static void cpuSoft(void) {
  limit(RLIMIT_CPU, 1, 5);
  spin();
}
static void cpuHard(void) {
  signal(SIGXCPU, SIG_IGN);
  limit(RLIMIT_CPU, 1, 1);
  spin();
}
static void files(void) {
  limit(RLIMIT_NOFILE, 10, 10);
  int fd, last = -1;
  while ((fd = open("/dev/null", O_RDONLY)) >= 0) last = fd;
  show("RLIMIT_NOFILE: EMFILE", fd);
  show("  the last descriptor", last);
  show("  dup2 beyond: EBADF", dup2(0, 10));
  show("  F_DUPFD beyond: EINVAL", fcntl(0, F_DUPFD, 10));
  int ends[2];
  show("  pipe: EMFILE", pipe(ends));
}
static void processes(void) {
  setresuid(54321, 54321, 54321);
  limit(RLIMIT_NPROC, 2, 2);
  pid_t pid = fork();
  if (pid == 0) pause();
  show("RLIMIT_NPROC: one more", pid > 0);
  errno = 0;
  pid_t second = fork();
  if (second == 0) _exit(0);
  show("  fork: EAGAIN", second);
  kill(pid, SIGKILL);
  wait(NULL);
}
static int deep(int n) {
  volatile char frame[1024];
  frame[0] = n;
  return deep(n + 1) + frame[0];
}
static void stack(void) {
  limit(RLIMIT_STACK, 256 << 10, 256 << 10);
  deep(0);
}
static void locked(void) {
  setresuid(1000, 1000, 1000);
  limit(RLIMIT_MEMLOCK, 8192, 8192);
  char *memory = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  show("RLIMIT_MEMLOCK: mlock", mlock(memory, 8192));
  show("  the same again", mlock(memory, 8192));
  show("  more: ENOMEM", mlock(memory + 8192, 4096));
  show("  munlock, then more", munlock(memory, 4096) || mlock(memory + 8192, 4096));
  show("  MAP_LOCKED: EAGAIN", mmap(0, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED ? -1 : 0);
  show("  mlockall: ENOMEM", mlockall(MCL_CURRENT));
  limit(RLIMIT_MEMLOCK, 0, 0);
  show("  none: mlock: EPERM", mlock(memory, 4096));
  show("  none: mlockall: EPERM", mlockall(MCL_CURRENT));
}
static void pending(void) {
  setresuid(54322, 54322, 54322);
  limit(RLIMIT_SIGPENDING, 3, 3);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, 0);
  union sigval value = {0};
  int sent = 0;
  while (sent < 10 && sigqueue(getpid(), SIGRTMIN, value) == 0) sent++;
  show("RLIMIT_SIGPENDING: sigqueue: EAGAIN", -1);
  show("  queued", sent);
  show("  kill of a standard signal always can", kill(getpid(), SIGUSR1));
}
static void queues(void) {
  setresuid(1000, 1000, 1000);
  limit(RLIMIT_MSGQUEUE, 1000, 1000);
  struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = 8192};
  show("RLIMIT_MSGQUEUE: mq_open: EMFILE", mq_open("/limits-queue", O_CREAT | O_RDWR, 0600, &attributes));
}
static void inherits(void) {
  limit(RLIMIT_NOFILE, 33, 44);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    struct rlimit both;
    getrlimit(RLIMIT_NOFILE, &both);
    show("fork(2): inherited", both.rlim_cur);
    limit(RLIMIT_NOFILE, 11, 44);
    _exit(0);
  }
  waitpid(pid, &status, 0);
  struct rlimit both;
  getrlimit(RLIMIT_NOFILE, &both);
  show("  a copy", both.rlim_cur);
}

int main(void) {
  family("limits");
  child("rules", rules);
  child("inherits", inherits);
  child("address space", addressSpace);
  child("data", data);
  child("RLIMIT_FSIZE: SIGXFSZ kills", fileSize);
  child("files", files);
  child("processes", processes);
  child("RLIMIT_STACK: SIGSEGV", stack);
  child("locked memory", locked);
  child("pending", pending);
  child("queues", queues);
  child("RLIMIT_CPU: SIGXCPU kills", cpuSoft);
  child("RLIMIT_CPU: SIGKILL at the hard limit", cpuHard);
  return 0;
}
