// pthreads(7), futex(2), set_robust_list(2), fork and exec in threads.
#include "show.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static int futex(int *word, int operation, int value, void *timeout, int *word2, int value3) {
  return syscall(SYS_futex, word, operation, value, timeout, word2, value3);
}
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter;
static int turn;
static void *counting(void *argument) {
  for (int i = 0; i < 20000; i++) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
  }
  return (void *)7;
}
static void *alternating(void *argument) {
  int me = (int)argument;
  for (int i = 0; i < 300; i++) {
    pthread_mutex_lock(&mutex);
    while (turn != me) pthread_cond_wait(&condition, &mutex);
    turn = !me;
    counter++;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}
static __thread int own = 5;
static void *with_own(void *argument) {
  own += (int)argument;
  sched_yield();
  return (void *)own;
}
static int word;
static void *waiting(void *argument) { return (void *)futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0); }
static void *exiting(void *argument) {
  usleep(10000);
  exit(33);
}
static void *sleeping(void *argument) {
  for (;;) pause();
}
static void *executing(void *argument) {
  char *args[] = {"program", "exec", NULL};
  execv(argument, args);
  return NULL;
}
static pthread_mutex_t robust;
static void *holding(void *argument) {
  pthread_mutex_lock(&robust);
  return NULL;
}
static volatile int handled_by;
static void handler(int signal) { handled_by = gettid(); }
static void *signalled(void *argument) {
  *(int *)argument = gettid();
  while (!handled_by) usleep(1000);
  return NULL;
}

int main(int count, char **args) {
  pthread_t threads[8];
  void *result;
  int status;
  if (count > 1) {
    show("  exec from a thread: one thread, pid is tid", getpid() == gettid());
    fflush(stdout);
    return 44;
  }

  family("threads");
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, counting, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], &result);
  show("a mutex keeps the count", counter);
  show("pthread_join gives the value", (long)result);
  counter = 0;
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, alternating, (void *)i);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  show("condition variables alternate", counter);
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, with_own, (void *)i);
  long sum = 0;
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  show("thread-local variables are each thread's", sum);
  show("  and the first one's is as it was", own);
  sem_t semaphore;
  sem_init(&semaphore, 0, 2);
  show("sem_trywait", sem_trywait(&semaphore));
  sem_trywait(&semaphore);
  show("  of 0: EAGAIN", sem_trywait(&semaphore));
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 20000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  show("  sem_timedwait: ETIMEDOUT", sem_timedwait(&semaphore, &soon));
  pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
  pthread_rwlock_rdlock(&rwlock);
  show("two readers", pthread_rwlock_tryrdlock(&rwlock));
  show("  no writer: EBUSY", pthread_rwlock_trywrlock(&rwlock) == EBUSY);
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, 1);
  show("a barrier of one", pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);

  family("futex");
  struct timespec short_time = {0, 10000000};
  word = 1;
  show("FUTEX_WAIT of another value: EAGAIN", futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0));
  show("FUTEX_WAIT: ETIMEDOUT", futex(&word, FUTEX_WAIT, 1, &short_time, NULL, 0));
  show("an address between words: EINVAL", futex((int *)((char *)&word + 1), FUTEX_WAIT, 1, NULL, NULL, 0));
  show("a bad address: EFAULT", futex((int *)4, FUTEX_WAIT, 1, NULL, NULL, 0));
  show("an operation that is none: ENOSYS", futex(&word, 99, 1, NULL, NULL, 0));
  show("FUTEX_WAKE of nobody", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
  word = 0;
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, waiting, NULL);
  usleep(30000);
  show("FUTEX_WAKE of one", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
  int word2 = 0;
  show("FUTEX_CMP_REQUEUE moves the others", futex(&word, FUTEX_CMP_REQUEUE, 0, (void *)10, &word2, 0));
  show("  nobody waits there", futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0));
  show("  but here", futex(&word2, FUTEX_WAKE, 10, NULL, NULL, 0));
  for (int i = 0; i < 3; i++) pthread_join(threads[i], &result);
  show("  woken: 0", (long)result);
  show("FUTEX_CMP_REQUEUE of another value: EAGAIN", futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &word2, 9));
  show("FUTEX_WAIT_BITSET of no bits: EINVAL", futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
  int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (fork() == 0) _exit(futex(shared, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 5 : 6);
  usleep(30000);
  show("between processes", futex(shared, FUTEX_WAKE, 1, NULL, NULL, 0));
  wait(&status);
  show("  it went on", WEXITSTATUS(status));

  family("robust mutexes");
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &attributes);
  pthread_create(&threads[0], NULL, holding, NULL);
  pthread_join(threads[0], NULL);
  show("the owner is gone: EOWNERDEAD", pthread_mutex_lock(&robust) == EOWNERDEAD);
  show("  made consistent", pthread_mutex_consistent(&robust));
  show("  unlocked", pthread_mutex_unlock(&robust));

  family("processes of threads");
  if (fork() == 0) {
    pthread_create(&threads[0], NULL, exiting, NULL);
    for (;;) pause();
  }
  wait(&status);
  show("exit in a thread ends all", WEXITSTATUS(status));
  fflush(stdout);
  if (fork() == 0) {
    pthread_create(&threads[0], NULL, sleeping, NULL);
    pthread_create(&threads[1], NULL, executing, args[0]);
    pthread_join(threads[1], NULL);
    _exit(1);
  }
  wait(&status);
  show("exec in a thread", WEXITSTATUS(status));
  pid_t child = fork();
  if (child == 0) {
    pthread_create(&threads[0], NULL, sleeping, NULL);
    pthread_exit(NULL);
  }
  usleep(20000);
  show("the first thread ends: the process goes on", waitpid(child, &status, WNOHANG));
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  show("  and can be killed", WTERMSIG(status));
  child = fork();
  if (child == 0) {
    pthread_create(&threads[0], NULL, sleeping, NULL);
    pid_t inner = fork();
    if (inner == 0) _exit(getpid() == gettid() ? 8 : 9);
    waitpid(inner, &status, 0);
    _exit(WEXITSTATUS(status));
  }
  waitpid(child, &status, 0);
  show("fork in a process of threads: one thread", WEXITSTATUS(status));

  family("signals of threads");
  signal(SIGUSR1, handler);
  int tid = 0;
  pthread_create(&threads[0], NULL, signalled, &tid);
  while (!tid) usleep(1000);
  pthread_kill(threads[0], SIGUSR1);
  pthread_join(threads[0], NULL);
  show("pthread_kill reaches its thread", handled_by == tid);
  handled_by = tid = 0;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_create(&threads[0], NULL, signalled, &tid);
  while (!tid) usleep(1000);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  kill(getpid(), SIGUSR1);
  pthread_join(threads[0], NULL);
  show("a thread that does not block it takes a process's signal", handled_by == tid);
  show("tgkill of another process's thread: ESRCH", syscall(SYS_tgkill, getpid(), 999999, 0));
  pthread_create(&threads[0], NULL, sleeping, NULL);
  show("pthread_cancel", pthread_cancel(threads[0]));
  pthread_join(threads[0], &result);
  show("  PTHREAD_CANCELED", result == PTHREAD_CANCELED);
  return 0;
}
