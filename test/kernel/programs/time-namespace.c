// time_namespaces(7): CLONE_NEWTIME of unshare(2) and clone(2), setns(2), /proc/PID/timens_offsets, and the clocks and timers in them.
#include "child.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#define NEWTIME 0x80
// Seconds that the clocks are set ahead: far more than a test takes.
enum { MONOTONIC = 1000000, BOOTTIME = 2000000, NEAR = 10000 };

static time_t base[2];
static time_t seconds(int clock) {
  struct timespec time;
  return clock_gettime(clock, &time) < 0 ? -1 : time.tv_sec;
}
// By a call of the kernel, not by the vDSO.
static time_t called(int clock) {
  struct timespec time;
  return syscall(SYS_clock_gettime, clock, &time) < 0 ? -1 : time.tv_sec;
}
// How far a clock is ahead of when the test began, in units of NEAR.
static int ahead(int clock, time_t now) { return (now - base[clock == CLOCK_BOOTTIME] + NEAR / 2) / NEAR; }
static int offsets(const char *said) {
  int fd = open("/proc/self/timens_offsets", O_WRONLY), n = write(fd, said, strlen(said)), failed = errno;
  close(fd);
  errno = failed;
  return n;
}
static void shown(const char *rule) {
  char said[200];
  int fd = open("/proc/self/timens_offsets", O_RDONLY), n = read(fd, said, 199);
  close(fd);
  for (int i = 0; i < n; i++) if (said[i] == '\n') said[i] = '|';
  said[n] = 0;
  text(rule, said);
}
static long link_of(const char *name) {
  struct stat about;
  char path[64];
  sprintf(path, "/proc/self/ns/%s", name);
  return stat(path, &about) < 0 ? -1 : about.st_ino;
}
// A namespace whose clocks are ahead, for the children.
static int set_up(void) {
  char said[64];
  sprintf(said, "monotonic %d 0\nboottime %d 0\n", MONOTONIC, BOOTTIME);
  return unshare(NEWTIME) < 0 ? -1 : offsets(said);
}
#define inside(expression) in_child((set_up(), code(({ int grandchild = fork(); if (grandchild == 0) _exit(expression); grandchild; }))))
static int less_rights(void) {
  struct { int version, pid; } header = { 0x20080522, 0 };
  struct { unsigned effective, permitted, inheritable; } sets[2];
  syscall(SYS_capget, &header, sets);
  sets[0].effective &= ~(1 << 25);
  return syscall(SYS_capset, &header, sets);
}
static char stack[65536] __attribute__((aligned(16)));
static int in_memory(void *unused) { _exit(ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC))); }
static int executes(void *unused) {
  char began[32];
  sprintf(began, "%ld", (long)base[0]);
  execl("/proc/self/exe", "time-namespace", began, NULL);
  _exit(255);
}
static void *in_thread(void *unused) { return (void *)(long)ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC)); }
static void *waits(void *unused) { for (;;) pause(); }
static int clone3(unsigned long long flags) {
  unsigned long long args[11] = { flags, 0, 0, 0, SIGCHLD };
  return syscall(435, args, sizeof args);
}
static struct timespec soon(int clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += 20000000;
  if (time.tv_nsec >= 1000000000) time.tv_nsec -= 1000000000, time.tv_sec++;
  return time;
}
// Does a sleep until a time of the clock end at that time, and not at once or never?
static int sleeps(int clock) {
  struct timespec until = soon(clock), now;
  if (clock_nanosleep(clock, TIMER_ABSTIME, &until, NULL)) return 2;
  clock_gettime(clock, &now);
  return now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec);
}
static int timerfd(int clock) {
  struct itimerspec when = { .it_value = soon(clock) };
  int fd = timerfd_create(clock, 0);
  timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
  struct pollfd look = { fd, POLLIN };
  int early = poll(&look, 1, 0), left;
  timerfd_gettime(fd, &when);
  left = when.it_value.tv_sec == 0 && when.it_value.tv_nsec > 0;
  return early * 100 + left * 10 + poll(&look, 1, 10000);
}
static int posix_timer(int clock) {
  timer_t timer;
  sigset_t set;
  struct itimerspec when = { .it_value = soon(clock) };
  sigemptyset(&set), sigaddset(&set, SIGALRM), sigprocmask(SIG_BLOCK, &set, NULL);
  if (timer_create(clock, NULL, &timer) < 0) return 100;
  timer_settime(timer, TIMER_ABSTIME, &when, NULL);
  struct timespec patience = { 10, 0 };
  return sigtimedwait(&set, NULL, &patience) == SIGALRM;
}
static int futex_wait(void) {
  int word = 0;
  struct timespec until = soon(CLOCK_MONOTONIC);
  return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &until, NULL, -1) < 0 && errno == ETIMEDOUT;
}
static long number_in(const char *file, const char *before) {
  char said[4096];
  int fd = open(file, O_RDONLY), n = read(fd, said, 4095);
  close(fd);
  said[n] = 0;
  char *at = strstr(said, before);
  return at ? atol(at + strlen(before)) : -1;
}
static long start_time(void) {
  char said[1024];
  int fd = open("/proc/self/stat", O_RDONLY), n = read(fd, said, 1023);
  close(fd);
  said[n] = 0;
  char *at = strrchr(said, ')') + 2;
  for (int i = 3; i < 22; i++) at = strchr(at, ' ') + 1;
  return atol(at) / 100;
}

int main(int count, char **args) {
  if (count > 1) {
    base[0] = atol(args[1]);
    return ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC));
  }
  if (getuid() != 0) return 77;
  alarm(60);
  base[0] = seconds(CLOCK_MONOTONIC), base[1] = seconds(CLOCK_BOOTTIME);

  family("making one");
  show("unshare", in_child(error(unshare(NEWTIME))));
  show("  without CAP_SYS_ADMIN", in_child((setresuid(1000, 1000, 1000), error(unshare(NEWTIME)))));
  show("  with a user namespace", in_child((setresuid(1000, 1000, 1000), error(unshare(NEWTIME | CLONE_NEWUSER)))));
  show("the caller stays where it is", in_child(({ long old = link_of("time"); unshare(NEWTIME); link_of("time") == old; })));
  show("  its children do not", in_child(({ long old = link_of("time"); unshare(NEWTIME); link_of("time_for_children") != old; })));
  show("a child is in it", in_child(({ unshare(NEWTIME); long next = link_of("time_for_children"); code(({ int c = fork(); if (c == 0) _exit(link_of("time") == next && link_of("time_for_children") == next); c; })); })));
  show("clone3: the child begins in it", ({ long old = link_of("time"); int child = clone3(NEWTIME); if (child == 0) _exit(link_of("time") != old); code(child); }));
  show("  the parent's children do not", ({ long old = link_of("time"); int child = clone3(NEWTIME); if (child == 0) _exit(0); code(child); link_of("time_for_children") == old; }));
  show("clone(2) has no such flag: it is of the signal's", ({ int child = syscall(SYS_clone, NEWTIME | SIGCHLD, 0, 0, 0, 0); if (child == 0) _exit(3); int status; waitpid(child, &status, __WALL); child > 0; }));
  show("NS_GET_NSTYPE", ioctl(open("/proc/self/ns/time", O_RDONLY), 0xb703));
  show("NS_GET_PARENT", ioctl(open("/proc/self/ns/time", O_RDONLY), 0xb702));

  family("timens_offsets");
  show("it begins as the parent's", in_child((unshare(NEWTIME), shown("  zeros"), 0)));
  show("not of the first namespace", offsets("monotonic 1 0"));
  show("two clocks", in_child((unshare(NEWTIME), shown("  nothing yet"), show("  written", offsets("monotonic 5 7\nboottime 8 9\n")), shown("  as it is shown"), 0)));
  show("by their numbers", in_child((unshare(NEWTIME), show("  written", offsets("1 5 7\n7 8 9")), shown("  as it is shown"), 0)));
  show("one twice", in_child((unshare(NEWTIME), show("  written", offsets("monotonic 5 0\nmonotonic 6 0")), shown("  the last counts"), 0)));
  show("three lines", in_child((unshare(NEWTIME), show("  two are taken", offsets("monotonic 5 0\nboottime 6 0\nmonotonic 7 0\n")), shown("  so it is"), 0)));
  show("another clock", in_child((unshare(NEWTIME), error(offsets("realtime 5 0")))));
  show("no nanoseconds", in_child((unshare(NEWTIME), error(offsets("monotonic 5")))));
  show("too many nanoseconds", in_child((unshare(NEWTIME), error(offsets("monotonic 5 1000000000")))));
  show("an empty line", in_child((unshare(NEWTIME), error(offsets("monotonic 5 0\n\n")))));
  show("before the clock began", in_child((unshare(NEWTIME), error(offsets("monotonic -1000000000 0")))));
  show("  all or nothing", in_child((unshare(NEWTIME), offsets("boottime 5 0\nmonotonic -1000000000 0"), shown("  so nothing"), 0)));
  show("further than a clock goes", in_child((unshare(NEWTIME), error(offsets("monotonic 9223372036 0")))));
  show("  half of it", in_child((unshare(NEWTIME), error(offsets("monotonic 4600000000 0")))));
  show("not once somebody is in it", in_child((unshare(NEWTIME), code(({ int c = fork(); if (c == 0) _exit(0); c; })), error(offsets("monotonic 5 0")))));
  show("  nor from inside", in_child((unshare(NEWTIME), code(({ int c = fork(); if (c == 0) _exit(error(offsets("monotonic 5 0"))); c; })))));
  show("without CAP_SYS_TIME", in_child((unshare(NEWTIME), less_rights(), error(offsets("monotonic 5 0")))));
  show("  with a user namespace one has it", in_child((unshare(NEWTIME | CLONE_NEWUSER), error(offsets("monotonic 5 0")))));
  show("one within another begins with its offsets", inside((unshare(NEWTIME), shown("  so"), 0)));

  family("clocks");
  show("the caller's do not change", in_child((set_up(), ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC)))));
  show("CLOCK_MONOTONIC", inside(ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC))));
  show("  by a call", inside(ahead(CLOCK_MONOTONIC, called(CLOCK_MONOTONIC))));
  show("CLOCK_MONOTONIC_RAW", inside(ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC_RAW))));
  show("  by a call", inside(ahead(CLOCK_MONOTONIC, called(CLOCK_MONOTONIC_RAW))));
  show("CLOCK_MONOTONIC_COARSE", inside(ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC_COARSE))));
  show("CLOCK_BOOTTIME", inside(ahead(CLOCK_BOOTTIME, seconds(CLOCK_BOOTTIME))));
  show("  by a call", inside(ahead(CLOCK_BOOTTIME, called(CLOCK_BOOTTIME))));
  time_t date = time(NULL);
  show("CLOCK_REALTIME is one for all", inside(seconds(CLOCK_REALTIME) - date < NEAR));
  show("  time(2)", inside(time(NULL) - date < NEAR));
  show("CPU time", inside(seconds(CLOCK_PROCESS_CPUTIME_ID)));
  show("nanoseconds are carried", in_child((unshare(NEWTIME), offsets("monotonic 0 999999999"), code(({ int c = fork(); if (c == 0) { int good = 1; for (int i = 0; i < 100; i++) { struct timespec a, b; clock_gettime(CLOCK_MONOTONIC, &a); syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b); good &= a.tv_nsec < 1000000000 && b.tv_nsec < 1000000000 && labs(b.tv_sec - a.tv_sec) < NEAR; } _exit(good); } c; })))));
  show("a grandchild has them too", inside(({ int c = fork(); if (c == 0) _exit(ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC))); code(c); })));
  show("threads have them", inside(({ pthread_t t; void *value; pthread_create(&t, NULL, in_thread, NULL); pthread_join(t, &value); (long)value; })));
  show("a child with the memory of its parent has that one's", in_child((set_up(), code(clone(in_memory, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL)))));
  show("  until its next program", in_child((set_up(), code(clone(executes, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL)))));
  show("the next program of the caller is in it", in_child((set_up(), executes(NULL))));

  family("waiting");
  show("clock_nanosleep until a monotonic time", inside(sleeps(CLOCK_MONOTONIC)));
  show("  of CLOCK_BOOTTIME", inside(sleeps(CLOCK_BOOTTIME)));
  show("  of the date", inside(sleeps(CLOCK_REALTIME)));
  show("  until one that is over", inside(({ struct timespec past = { base[0] + 1000, 0 }; clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL); })));
  show("for a time", inside(({ struct timespec a = { 0, 1000000 }; nanosleep(&a, NULL); })));
  show("a timerfd at a monotonic time", inside(timerfd(CLOCK_MONOTONIC)));
  show("  of CLOCK_BOOTTIME", inside(timerfd(CLOCK_BOOTTIME)));
  show("a timer at a monotonic time", inside(posix_timer(CLOCK_MONOTONIC)));
  show("  of CLOCK_BOOTTIME", inside(posix_timer(CLOCK_BOOTTIME)));
  show("a futex until a monotonic time", inside(futex_wait()));

  family("what else counts from the start");
  show("sysinfo", inside(({ struct sysinfo about; sysinfo(&about); ahead(CLOCK_BOOTTIME, about.uptime); })));
  show("/proc/uptime", inside(ahead(CLOCK_BOOTTIME, number_in("/proc/uptime", ""))));
  long began = number_in("/proc/stat", "btime ");
  show("btime of /proc/stat", inside((began - number_in("/proc/stat", "btime ") + NEAR / 2) / NEAR));
  show("the start of a process", inside(ahead(CLOCK_BOOTTIME, start_time())));

  family("joining one");
  int first = open("/proc/self/ns/time", O_RDONLY), go[2];
  pipe(go);
  int keeper = fork();
  if (keeper == 0) {
    set_up();
    int child = fork();
    if (child == 0) { write(go[1], "x", 1); for (;;) pause(); }
    prctl(1, SIGKILL);
    write(go[1], &child, sizeof child);
    for (;;) pause();
  }
  char said[8];
  int other = 0;
  for (int n = 0; n < 5;) n += read(go[0], said + n, 5 - n);
  for (int i = 0; i < 5; i++) if (said[i] != 'x' || i == 4) { memcpy(&other, said + (said[0] == 'x' ? 1 : 0), 4); break; }
  char path[64];
  sprintf(path, "/proc/%d/ns/time", other);
  int fd = open(path, O_RDONLY);
  show("setns", in_child(error(setns(fd, NEWTIME))));
  show("  another kind", in_child(error(setns(fd, CLONE_NEWUTS))));
  show("  the caller's own clocks change", in_child((setns(fd, 0), ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC)))));
  show("  by a call", in_child((setns(fd, 0), ahead(CLOCK_MONOTONIC, called(CLOCK_MONOTONIC)))));
  show("  and its children's", in_child((setns(fd, 0), code(({ int c = fork(); if (c == 0) _exit(ahead(CLOCK_BOOTTIME, seconds(CLOCK_BOOTTIME))); c; })))));
  show("  and back", in_child((setns(fd, 0), setns(first, 0), ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC)))));
  show("  without CAP_SYS_ADMIN", in_child((setresuid(1000, 1000, 1000), error(setns(fd, 0)))));
  show("  with threads", in_child(({ pthread_t t; pthread_create(&t, NULL, waits, NULL); error(setns(fd, 0)); })));
  show("  by a pidfd", in_child(({ int pidfd = syscall(434, other, 0); setns(pidfd, NEWTIME); ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC)); })));
  show("  time_for_children is one too", in_child(({ set_up(); setns(open("/proc/self/ns/time_for_children", O_RDONLY), 0); ahead(CLOCK_MONOTONIC, seconds(CLOCK_MONOTONIC)); })));
  kill(other, SIGKILL), kill(keeper, SIGKILL);
  code(keeper);
  return 0;
}
