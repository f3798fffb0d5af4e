// man 2 getrusage, times, setitimer, wait4, man 5 proc: the time of a program is told apart from that of the kernel for it.
#include "show.h"
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>

typedef struct {
  double user, system;
} Usage;

static double seconds(struct timeval time) {
  return time.tv_sec + time.tv_usec / 1e6;
}
static Usage told(struct rusage usage) {
  return (Usage){seconds(usage.ru_utime), seconds(usage.ru_stime)};
}
static Usage of(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return told(usage);
}
static Usage since(Usage before) {
  Usage now = of(RUSAGE_SELF);
  return (Usage){now.user - before.user, now.system - before.system};
}
static double all(Usage usage) {
  return usage.user + usage.system;
}
static double clocked(int clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

// Computes, or makes calls, until the thread has had so many seconds of the processor.
static void compute(double time) {
  for (double end = clocked(CLOCK_THREAD_CPUTIME_ID) + time; clocked(CLOCK_THREAD_CPUTIME_ID) < end;)
    for (volatile unsigned i = 0, x = 1; i < 1000000; i++) x = x * 1664525 + 1;
}
static void call(double time) {
  struct timespec now;
  for (double end = clocked(CLOCK_THREAD_CPUTIME_ID) + time; clocked(CLOCK_THREAD_CPUTIME_ID) < end;)
    for (int i = 0; i < 2000; i++) syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
}

static void shares(void) {
  family("getrusage");
  Usage before = of(RUSAGE_SELF);
  compute(0.06);
  Usage computed = since(before);
  show("what a program computes is its own time", computed.user > 0.8 * all(computed));
  before = of(RUSAGE_SELF);
  call(0.08);
  Usage called = since(before);
  show("what the kernel does for it is not", called.system > 0.3 * all(called) && called.system > 2 * computed.system);
  int back = 0;
  Usage last = of(RUSAGE_SELF);
  for (int i = 0; i < 2000; i++) {
    for (volatile int work = i * 79 % 500; work > 0; work--) {}
    Usage now = of(RUSAGE_SELF);
    back += now.user < last.user || now.system < last.system;
    last = now;
  }
  show("neither of them goes back", back);
  double clock = clocked(CLOCK_PROCESS_CPUTIME_ID);
  double both = all(of(RUSAGE_SELF));
  show("together they are the clock of the process", both > clock - 0.02 && both < clock + 0.02);
}

static void ticks(void) {
  family("in ticks");
  struct tms times_told;
  times(&times_told);
  Usage usage = of(RUSAGE_SELF);
  double tick = 1.0 / sysconf(_SC_CLK_TCK);
  double user = times_told.tms_utime * tick, system = times_told.tms_stime * tick;
  show("times() tells the same", user > usage.user - 3 * tick && user <= usage.user + tick && system > usage.system - 3 * tick && system <= usage.system + tick);
  FILE *file = fopen("/proc/self/stat", "r");
  long utime, stime;
  fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &utime, &stime);
  fclose(file);
  show("  and so does /proc/PID/stat", labs(utime - times_told.tms_utime) <= 3 && labs(stime - times_told.tms_stime) <= 3);
  long before[4], after[4];
  file = fopen("/proc/stat", "r");
  fscanf(file, "cpu %ld %ld %ld %ld", before, before + 1, before + 2, before + 3);
  fclose(file);
  call(0.1);
  file = fopen("/proc/stat", "r");
  fscanf(file, "cpu %ld %ld %ld %ld", after, after + 1, after + 2, after + 3);
  fclose(file);
  show("/proc/stat has the kernel's of all", after[2] - before[2] >= 3);
}

static volatile siginfo_t heard;
static void hear(int signal, siginfo_t *info, void *context) {
  heard = *info;
}

static void children(void) {
  family("children");
  show("of children there is nothing", all(of(RUSAGE_CHILDREN)) == 0);
  struct sigaction action = {.sa_sigaction = hear, .sa_flags = SA_SIGINFO};
  sigaction(SIGCHLD, &action, NULL);
  if (fork() == 0) {
    compute(0.06);
    call(0.06);
    _exit(0);
  }
  siginfo_t info;
  while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT)) {}
  show("  until they have been waited for", all(of(RUSAGE_CHILDREN)) == 0);
  struct rusage usage;
  wait4(-1, NULL, 0, &usage);
  Usage child = told(usage), mine = of(RUSAGE_CHILDREN);
  show("wait4() tells all that the child had", all(child) > 0.11);
  show("  both of its program and of the kernel", child.user > 0.04 && child.system > 0.015);
  show("  and that is the children's from then on", child.user == mine.user && child.system == mine.system);
  // in ticks, and as the ticks found it
  show("  as SIGCHLD told it", heard.si_utime + heard.si_stime >= 5);
}

static volatile int virtuals, profs;
static void count(int signal) {
  if (signal == SIGVTALRM) virtuals++;
  else profs++;
}

static void timers(void) {
  family("setitimer");
  signal(SIGVTALRM, count);
  signal(SIGPROF, count);
  struct itimerval each = {{0, 20000}, {0, 20000}};
  setitimer(ITIMER_VIRTUAL, &each, NULL);
  setitimer(ITIMER_PROF, &each, NULL);
  call(0.15);
  show("ITIMER_PROF counts the kernel's time too", profs >= 2);
  show("  ITIMER_VIRTUAL does not", virtuals < profs);
  int before = virtuals;
  compute(0.15);
  show("  but that of the program", virtuals - before >= 3);
  setitimer(ITIMER_VIRTUAL, &(struct itimerval){0}, NULL);
  setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
}

static void *thread(void *argument) {
  compute(0.05);
  *(double *)argument = all(of(RUSAGE_THREAD));
  return NULL;
}

static void threads(void) {
  family("threads");
  double own = all(of(RUSAGE_THREAD)), process = all(of(RUSAGE_SELF)), others;
  pthread_t id;
  pthread_create(&id, NULL, thread, &others);
  pthread_join(id, NULL);
  show("RUSAGE_THREAD is of one thread", others > 0.04 && others < 0.15 && all(of(RUSAGE_THREAD)) < own + 0.04);
  show("  RUSAGE_SELF of all, those that have ended too", all(of(RUSAGE_SELF)) > process + 0.04);
}

int main(void) {
  shares();
  ticks();
  children();
  timers();
  threads();
  return 0;
}
