// fork(2) in programs with threads: pthreads(7), clone(2).
#include "threads.h"
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

static int status;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static __thread int own = 1;
static volatile int shared;

static pid_t maker;
static void prepares(void) { shared |= 1; }
static void inParent(void) { shared |= 2; }
static void inChild(void) { shared |= 4; }

static void *forks(void *unused) {
  own = 7;
  maker = syscall(SYS_gettid);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, 0);
  prctl(PR_SET_NAME, "maker", 0, 0, 0);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    show("fork(2): the child has one thread", threads());
    show("  which is its leader", syscall(SYS_gettid) == getpid());
    show("  a copy of the one that called", own);
    show("  its parent is the process", getppid() != maker);
    sigprocmask(0, 0, &set);
    show("  with that thread's signal mask", sigismember(&set, SIGUSR2));
    char name[16];
    prctl(PR_GET_NAME, name, 0, 0, 0);
    text("  and its name", name);
    sigpending(&set);
    show("sigpending(2): nothing is pending in a child", sigismember(&set, SIGUSR2));
    struct itimerval timer;
    getitimer(ITIMER_REAL, &timer);
    show("setitimer(2): timers are not inherited", timer.it_value.tv_sec);
    show("pthread_atfork(3): prepare and child have run", shared);
    shared = 100;
    show("fork(2): a mutex is as it was", pthread_mutex_trylock(&mutex) == EBUSY);
    inThread((void *(*)(void *))threads);
    show("  the child can make threads", 0);
    _exit(5);
  }
  show("wait(2): another thread's child can be waited for", waitpid(pid, &status, 0) == pid);
  show("  its status", WEXITSTATUS(status));
  show("fork(2): the parent's memory is its own", shared);
  show("  the parent's threads are still there", threads());
  return 0;
}
static void *waitsForIt(void *unused) {
  pid_t pid = fork();
  if (pid == 0) _exit(9);
  return (void *)pid;
}
int main(void) {
  pipe(ready);

  family("fork in threads");
  twoMore();
  pthread_mutex_lock(&mutex);
  pthread_atfork(prepares, inParent, inChild);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {1000, 0}}, 0);
  inThread(forks);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, 0);
  pthread_t thread;
  void *child, *found;
  pthread_create(&thread, 0, waitsForIt, 0);
  pthread_join(thread, &child);
  show("wait(2): the thread that made a child may be gone", waitpid((pid_t)(long)child, &status, 0) == (long)child);
  show("  its status", WEXITSTATUS(status));
  return 0;
}
